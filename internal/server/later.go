package server

import (
	"fmt"
	"path"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// later are the methods that the API has and this server does not. A test holds the list against the services and the
// handlers.
var later = map[string]bool{
	vetov1.PolicyService_SimulatePolicy_FullMethodName: true,
	vetov1.PolicyService_GetNotice_FullMethodName:      true,
}

// laterError says that this server does not have a method yet.
type laterError struct{ fullMethod string }

// Error names the method.
func (e *laterError) Error() string {
	return fmt.Sprintf("this server does not have %s yet", path.Base(e.fullMethod))
}

// refuseLater refuses a method that this server does not have, before its request is looked at.
func refuseLater(fullMethod string) error {
	if later[fullMethod] {
		return &laterError{fullMethod: fullMethod}
	}
	return nil
}
