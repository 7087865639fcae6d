package sqlite_test

const (
	roleVariable = "VETO_TEST_ROLE"
	dirVariable  = "VETO_TEST_DIR"
)

func play(role, dir string) int { return 1 }
