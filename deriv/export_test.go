package deriv

// Routes is how many streams the connection brings to somebody.
func (c *Client) Routes() int {
	on, err := c.socket.usable("")
	if err != nil {
		return 0
	}
	on.mu.Lock()
	defer on.mu.Unlock()
	return len(on.routes) + len(on.streams) + len(on.pending)
}
