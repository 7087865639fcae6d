import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import veto.v1.DecisionServiceGrpc;
import veto.v1.DecisionServiceOuterClass.BatchOptions;
import veto.v1.DecisionServiceOuterClass.DecideRequest;
import veto.v1.DecisionServiceOuterClass.StreamDecideRequest;
import veto.v1.DecisionServiceOuterClass.StreamDecideResponse;
import veto.v1.ItemOuterClass.Item;
import veto.v1.ItemOuterClass.ItemKind;
import veto.v1.ItemOuterClass.Visibility;
import veto.v1.ObjectionOuterClass.Channel;
import veto.v1.RegistryServiceGrpc;
import veto.v1.RegistryServiceOuterClass.FileObjectionRequest;
import veto.v1.RegistryServiceOuterClass.WatchEventsRequest;

/**
 * A small client of veto: it files an objection, decides at its revision, streams 100,000 items through the gate, watches
 * the register, and reads one error by its details.
 *
 * <pre>mvn -q compile exec:java -Dexec.args="127.0.0.1:50051"</pre>
 */
public final class Client {
  private static final String PURPOSE = "generative-ai-training";
  private static final int ITEMS = 100_000;
  private static final int BATCH = 5_000;
  /** Every field that a regime reads is sent, or said to be absent. */
  private static final List<String> ABSENT = List.of("subjects", "content_keys", "signals");

  public static void main(String[] args) throws Exception {
    String address = args.length > 0 ? args[0] : "127.0.0.1:50051";
    ManagedChannel channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
        .defaultServiceConfig(serviceConfig(Path.of(args.length > 1 ? args[1] : "../service-config.json")))
        .enableRetry()
        .build();
    try {
      run(channel);
    } finally {
      channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  /** The file that all examples share; gRPC wants numbers as doubles, as Gson reads them. */
  @SuppressWarnings("unchecked")
  private static Map<String, ?> serviceConfig(Path file) throws IOException {
    return new Gson().fromJson(Files.readString(file), Map.class);
  }

  private static void run(ManagedChannel channel) throws Exception {
    var registry = RegistryServiceGrpc.newBlockingStub(channel);
    var decisions = DecisionServiceGrpc.newBlockingStub(channel);

    String person = "java-" + UUID.randomUUID();
    var filed = registry.withDeadlineAfter(10, TimeUnit.SECONDS).fileObjection(FileObjectionRequest.newBuilder()
        .setRequestId(UUID.randomUUID().toString()) // kept with the click that caused it: a retry sends the same one
        .setSubjectId(person).setCountry("DE").setChannel(Channel.CHANNEL_SETTINGS).build());
    System.out.printf("filed %s at revision %d%n", filed.getObjection().getObjectionId(), filed.getRevision());

    var answer = decisions.withDeadlineAfter(10, TimeUnit.SECONDS).decide(DecideRequest.newBuilder()
        .setPurpose(PURPOSE).setItem(post(0, person)).setMinRevision(filed.getRevision()).build());
    System.out.printf("decided %s%n", answer.getDecision().getReason());

    int included = stream(channel, person, filed.getRevision());
    System.out.printf("streamed %d items: %d included, %d excluded%n", ITEMS, included, ITEMS - included);

    watch(registry, filed.getRevision());

    try {
      decisions.withDeadlineAfter(10, TimeUnit.SECONDS)
          .decide(DecideRequest.newBuilder().setPurpose("no-such-purpose").setItem(post(0, person)).build());
    } catch (StatusRuntimeException error) {
      explain(error);
    }
  }

  /** A public post of an adult in Germany. */
  private static Item post(int n, String author) {
    return Item.newBuilder().setItemId("post-" + n).setKind(ItemKind.ITEM_KIND_POST).setVisibility(Visibility.VISIBILITY_PUBLIC)
        .setAuthorId(author).setCountry("DE").setAuthorAge(18).setAuthorAgeAtCreation(18).build();
  }

  /** Every tenth post is the person's. Sends as fast as the server takes it, and no faster. */
  private static int stream(ManagedChannel channel, String person, long revision) throws Exception {
    var done = new CompletableFuture<Integer>();
    DecisionServiceGrpc.newStub(channel).withDeadlineAfter(2, TimeUnit.MINUTES)
        .streamDecide(new ClientResponseObserver<StreamDecideRequest, StreamDecideResponse>() {
          private int sent;
          private int included;

          @Override
          public void beforeStart(ClientCallStreamObserver<StreamDecideRequest> requests) {
            requests.setOnReadyHandler(() -> {
              while (requests.isReady() && sent < ITEMS) {
                requests.onNext(batch(sent, person, revision));
                sent += BATCH;
                if (sent == ITEMS) {
                  requests.onCompleted();
                }
              }
            });
          }

          @Override
          public void onNext(StreamDecideResponse response) {
            if (response.getReasonsCount() != BATCH) { // one reason for each item, or nothing may be used
              done.completeExceptionally(new IllegalStateException(response.getReasonsCount() + " reasons for " + BATCH + " items"));
            }
            for (int reason : response.getReasonsValueList()) {
              if (reason >= 1 && reason <= 9) { // INCLUDE, by the range of the number
                included++;
              }
            }
          }

          @Override
          public void onError(Throwable error) {
            done.completeExceptionally(error);
          }

          @Override
          public void onCompleted() {
            done.complete(included);
          }
        });
    return done.get(2, TimeUnit.MINUTES);
  }

  private static StreamDecideRequest batch(int from, String person, long revision) {
    var request = StreamDecideRequest.newBuilder().setMinRevision(revision);
    if (from == 0) {
      request.setOptions(BatchOptions.newBuilder().setPurpose(PURPOSE).addAllAbsentFields(ABSENT));
    }
    for (int n = from; n < from + BATCH; n++) {
      request.addItems(post(n, n % 10 == 0 ? person : "author-" + n));
    }
    return request.build();
  }

  /** Reads the events from the objection on, up to where the register stands. */
  private static void watch(RegistryServiceGrpc.RegistryServiceBlockingStub registry, long revision) {
    var context = Context.current().withCancellation();
    Context before = context.attach();
    try {
      var events = registry.withDeadline(Deadline.after(60, TimeUnit.SECONDS))
          .watchEvents(WatchEventsRequest.newBuilder().setAfterRevision(revision - 1).build());
      while (events.hasNext()) { // UNAVAILABLE, RESOURCE_EXHAUSTED: watch again after the last revision
        var message = events.next();
        if (!message.hasEvent()) { // a heartbeat: nothing is missing up to here
          return;
        }
        if (message.getRevision() == revision) {
          System.out.printf("watched revision %d: %s%n", message.getRevision(), message.getEvent().getType());
        }
      }
    } finally {
      context.detach(before);
      context.cancel(null);
    }
  }

  /** Reads an error as a program does: by its reason, and by the fields at fault. */
  private static void explain(StatusRuntimeException error) throws InvalidProtocolBufferException {
    for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        System.out.printf("refused %s %s%n", error.getStatus().getCode(), detail.unpack(ErrorInfo.class).getReason());
      } else if (detail.is(BadRequest.class)) {
        for (var violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
          System.out.printf("at fault %s: %s%n", violation.getField(), violation.getDescription());
        }
      }
    }
  }
}
