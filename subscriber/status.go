package subscriber

import "time"

// Status is the state of a client's connection, and what it has received since
// it was made. All counts only rise.
type Status struct {
	// Connected tells whether there is a connection to the hub now, and
	// ConnectedAt since when the newest has been; the zero time is never.
	Connected   bool
	ConnectedAt time.Time
	// Connects counts the connections made, Attempts those tried.
	Connects, Attempts int64
	// LastFrameAt is when the newest frame came that made sense, and HubTime
	// what the hub's clock said in it; the zero time is never.
	LastFrameAt, HubTime time.Time

	// Frames counts the frames that came, Snapshots what Watch yielded of them.
	Frames, Snapshots int64
	// Stale counts the updates that were dropped because they were not newer
	// than what had come before on the same connection.
	Stale int64
	// Ignored counts the frames of a type that this version does not know, and
	// the snapshots of spaces that nobody asked for.
	Ignored int64
	// Malformed counts the frames, and the snapshots of an initial state, that could
	// not be read.
	Malformed int64

	// LastError is why the newest connection ended or could not be made; nil
	// before the first such event.
	LastError error
}

// Age is how long ago the newest frame came. It is false if none ever did. A
// hub sends frames when spaces publish, so a large age of a live connection
// says that the spaces are quiet.
func (s Status) Age(now time.Time) (age time.Duration, known bool) {
	if s.LastFrameAt.IsZero() {
		return 0, false
	}
	return max(now.Sub(s.LastFrameAt), 0), true
}

// Status returns the state of the connection now.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

func (c *Client) note(change func(*Status)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.status)
}
