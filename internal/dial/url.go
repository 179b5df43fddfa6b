package dial

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/karlquant/quasar"
)

const (
	publishPath   = "/ws/publish/"
	subscribePath = "/ws/subscribe"
)

// PublishURL returns the WebSocket address at which a hub takes the frames of a
// space. A hub's URL is ws, wss, http or https with a host and either no path
// or the whole path of the endpoint, which is kept.
func PublishURL(hubURL, space string) (string, error) {
	if err := quasar.CheckSpaceName(space); err != nil {
		return "", err
	}
	u, err := parse(hubURL)
	if err != nil {
		return "", err
	}
	if u.RawQuery != "" {
		return "", errors.New("hub URL: got a query, want none; give the token beside it")
	}
	if err := setPublishPath(u, space); err != nil {
		return "", err
	}
	return u.String(), nil
}

func setPublishPath(u *url.URL, space string) error {
	if strings.HasSuffix(u.Path, subscribePath) {
		return fmt.Errorf("hub URL: got the path %q, want none or one that ends in %s%s", u.Path, publishPath, space)
	}
	before, name, whole := strings.Cut(u.Path+"/", publishPath)
	name = strings.TrimSuffix(name, "/")
	switch {
	case strings.Trim(u.Path, "/") == "":
		u.Path = publishPath + space
	case whole && name == "":
		u.Path = before + publishPath + space
	case whole && name != space:
		return fmt.Errorf("hub URL: got the path %q for the space %s, want %s%s%s", u.Path, space, before, publishPath, space)
	}
	return nil
}

// SubscribeURL returns the WebSocket address at which a hub serves snapshots:
// those of the given assets, or of all if there are none. The hub's URL is read
// as in PublishURL, and may name the assets itself, in the query "assets". The
// second answer is the assets that are asked for.
func SubscribeURL(hubURL string, assets []string) (string, []string, error) {
	u, err := parse(hubURL)
	if err != nil {
		return "", nil, err
	}
	if err := setSubscribePath(u); err != nil {
		return "", nil, err
	}
	if assets, err = chooseAssets(u, assets); err != nil {
		return "", nil, err
	}
	if u.RawQuery = ""; len(assets) > 0 {
		u.RawQuery = "assets=" + strings.Join(assets, ",")
	}
	return u.String(), assets, nil
}

func setSubscribePath(u *url.URL) error {
	if strings.Contains(u.Path+"/", publishPath) {
		return fmt.Errorf("hub URL: got the path %q, want none or one that ends in %s", u.Path, subscribePath)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = subscribePath
	}
	return nil
}

// chooseAssets returns the assets that are asked for, by the URL or by name.
func chooseAssets(u *url.URL, assets []string) ([]string, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("hub URL: got a malformed query, want none or assets=A,B")
	}
	listed := query.Get("assets")
	if len(query) > 1 || len(query) == 1 && listed == "" {
		return nil, errors.New("hub URL: got a query of other things, want none or assets=A,B; give the token beside it")
	}
	if listed != "" && len(assets) > 0 {
		return nil, errors.New("assets: got some in the URL and some in Options.Assets, want one of the two")
	}
	if listed != "" {
		assets = strings.Split(listed, ",")
	}
	for _, asset := range assets {
		if err := quasar.CheckSpaceName(asset); err != nil {
			return nil, fmt.Errorf("assets: %w", err)
		}
	}
	return assets, nil
}

// parse reads a hub's URL and settles its scheme as ws or wss. Its errors never
// repeat what may be a password.
func parse(hubURL string) (*url.URL, error) {
	u, err := url.Parse(hubURL)
	if err != nil {
		return nil, fmt.Errorf("hub URL: %w, want one like ws://host:7860", cause(err))
	}
	switch {
	case u.User != nil:
		return nil, errors.New("hub URL: got credentials, want none; give the token beside it")
	case u.Scheme == "http" || u.Scheme == "ws":
		u.Scheme = "ws"
	case u.Scheme == "https" || u.Scheme == "wss":
		u.Scheme = "wss"
	default:
		return nil, fmt.Errorf("hub URL: got the scheme %q, want ws, wss, http or https, as in ws://host:7860", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, errors.New("hub URL: got no host, want one, as in ws://host:7860")
	}
	if u.Fragment != "" {
		return nil, errors.New("hub URL: got a fragment, want none")
	}
	return u, nil
}
