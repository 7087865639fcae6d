package objections

import (
	"errors"

	"google.golang.org/grpc"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/server/limits"
)

// WatchEvents is RegistryService.WatchEvents. Events are read from the log as the watcher takes them, a page at a time, so that a slow one holds no more than
// that; one that takes nothing is cut off.
func (s *Service) WatchEvents(request *vetov1.WatchEventsRequest, stream grpc.ServerStreamingServer[vetov1.WatchEventsResponse]) error {
	err := s.register.Watch(stream.Context(), request, stream.Send)
	if late, ok := errors.AsType[*limits.Error](err); ok {
		return late.OfWatcher()
	}
	return err
}
