// Package notify tells people what happens to their orders: by a webhook, and by
// Telegram, from where they can halt the trader too, and not resume it.
//
// A notice that cannot be delivered is tried again for a while and then lost: the
// journal has what happened. No credential is ever in an error or a log.
package notify
