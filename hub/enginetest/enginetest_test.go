package enginetest_test

import (
	"testing"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/enginetest"
)

func TestMemoryEngine(t *testing.T) {
	enginetest.Run(t, func(_ *testing.T, hubID string) hub.Engine { return hub.NewMemoryEngine(hubID) })
}
