package app

import (
	"fmt"
	"net/netip"

	"github.com/spf13/pflag"
)

// trustedProxyFlag adds --trusted-proxy to a server's flags.
func trustedProxyFlag(set *pflag.FlagSet, to *[]string) {
	set.StringSliceVar(to, "trusted-proxy", nil, "a reverse proxy, an address or 10.0.0.0/8, whose X-Forwarded-For, -Host and -Proto are believed")
}

// trustedProxies reads what --trusted-proxy was given.
func trustedProxies(list []string) ([]netip.Prefix, error) {
	out, err := prefixes(list)
	if err != nil {
		return nil, misconfigured(fmt.Errorf("trusted-proxy: %w", err))
	}
	return out, nil
}

// prefixes reads addresses and CIDR blocks.
func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, item := range list {
		if addr, err := netip.ParseAddr(item); err == nil {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(item)
		if err != nil {
			return nil, fmt.Errorf("got %+q, want an address, 192.168.1.5, or a block of them, 10.0.0.0/8", item)
		}
		out = append(out, p)
	}
	return out, nil
}
