//go:build !nextformat

package natsengine

// Every message begins with its format, its kind, the id of the hub that sent it
// and which life of that hub did. That much, and the beats, stay as they are in all
// formats to come: by their beats hubs agree on the newest format that all of them
// read. Within a format, items of unknown kinds and what stands behind the known
// part of an item are passed over.
const newestFormat = 1
