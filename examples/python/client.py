"""A small client of veto: it files an objection, decides at its revision, streams 100,000 items through the gate, watches the register, and reads one
error by its details.

    python client.py 127.0.0.1:50051
"""

import pathlib
import sys
import uuid

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from veto.v1 import (
    decision_pb2,
    decision_service_pb2,
    decision_service_pb2_grpc,
    event_pb2,
    item_pb2,
    objection_pb2,
    registry_service_pb2,
    registry_service_pb2_grpc,
)

PURPOSE = "generative-ai-training"
ITEMS, BATCH = 100_000, 5_000
ABSENT = ["subjects", "content_keys", "signals"]  # every field that a regime reads is sent, or said to be absent


def post(n, author):
    """A public post of an adult in Germany."""
    return item_pb2.Item(
        item_id=f"post-{n}", kind=item_pb2.ITEM_KIND_POST, visibility=item_pb2.VISIBILITY_PUBLIC,
        author_id=author, country="DE", author_age=18, author_age_at_creation=18,
    )


def batches(person, revision):
    """Every tenth post is the person's."""
    for start in range(0, ITEMS, BATCH):
        request = decision_service_pb2.StreamDecideRequest(min_revision=revision)
        if start == 0:
            request.options.purpose = PURPOSE
            request.options.absent_fields.extend(ABSENT)
        request.items.extend(post(n, person if n % 10 == 0 else f"author-{n}") for n in range(start, start + BATCH))
        yield request


def main(address):
    config = pathlib.Path(__file__).parent.parent.joinpath("service-config.json").read_text(encoding="utf-8")
    with grpc.insecure_channel(address, options=[("grpc.service_config", config)]) as channel:
        registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
        decisions = decision_service_pb2_grpc.DecisionServiceStub(channel)

        person = f"python-{uuid.uuid4()}"
        filed = registry.FileObjection(registry_service_pb2.FileObjectionRequest(
            request_id=str(uuid.uuid4()),  # kept with the click that caused it: a retry sends the same one
            subject_id=person, country="DE", channel=objection_pb2.CHANNEL_SETTINGS,
        ), timeout=10)
        print(f"filed {filed.objection.objection_id} at revision {filed.revision}")

        answer = decisions.Decide(decision_service_pb2.DecideRequest(purpose=PURPOSE, item=post(0, person), min_revision=filed.revision), timeout=10)
        print(f"decided {decision_pb2.Reason.Name(answer.decision.reason)}")

        included = excluded = 0
        for answer in decisions.StreamDecide(batches(person, filed.revision), timeout=120):
            if len(answer.reasons) != BATCH:  # one reason for each item, or nothing may be used
                raise RuntimeError(f"{len(answer.reasons)} reasons for {BATCH} items")
            used = sum(1 <= reason <= 9 for reason in answer.reasons)  # INCLUDE, by the range of the number
            included, excluded = included + used, excluded + BATCH - used
        print(f"streamed {ITEMS} items: {included} included, {excluded} excluded")

        events = registry.WatchEvents(registry_service_pb2.WatchEventsRequest(after_revision=filed.revision - 1), timeout=60)
        for message in events:  # UNAVAILABLE, RESOURCE_EXHAUSTED: watch again after the last revision
            if not message.HasField("event"):  # a heartbeat: nothing is missing up to here
                break
            if message.revision == filed.revision:
                print(f"watched revision {message.revision}: {event_pb2.EventType.Name(message.event.type)}")
        events.cancel()

        try:
            decisions.Decide(decision_service_pb2.DecideRequest(purpose="no-such-purpose", item=post(0, person)), timeout=10)
        except grpc.RpcError as error:
            explain(error)


def explain(error):
    """Reads an error as a program does: by its reason, and by the fields at fault."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(error).details:
        if detail.Unpack(info):
            print(f"refused {error.code().name} {info.reason}")
        elif detail.Unpack(bad):
            for violation in bad.field_violations:
                print(f"at fault {violation.field}: {violation.description}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
