package guard

import "net/netip"

// Group is the address that stands for all those that one customer of a network
// can have: an IPv6 address's first 64 bits, an IPv4 address itself.
func Group(addr netip.Addr) netip.Addr {
	if !addr.Is6() || addr.Is4In6() {
		return addr.Unmap()
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return addr
	}
	return prefix.Addr()
}
