package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// spaceVolume is where a Space's persistent storage is mounted. The images of
// deploy/huggingface have a directory of that name too, which is lost at a restart.
const spaceVolume = "/data"

// mounted is what Linux says of mounts, "" where it is not to be had.
func mounted() string {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	return string(text)
}

// onVolume tells whether a directory is on the volume that a Hugging Face Space can
// have. The mounts are those of proc_pid_mountinfo(5).
func onVolume(dir, mounts string) bool {
	full, err := filepath.Abs(dir)
	if err != nil || full != spaceVolume && !strings.HasPrefix(full, spaceVolume+"/") {
		return false
	}
	on := false
	for line := range strings.Lines(mounts) {
		if words := strings.Fields(line); len(words) > 4 && words[4] == spaceVolume {
			on = isLasting(words) // the last one covers those before
		}
	}
	return on
}

// isLasting tells whether what is mounted is a file system that outlives the
// container; its kind stands behind the first hyphen.
func isLasting(words []string) bool {
	at := slices.Index(words, "-")
	return at >= 0 && at+1 < len(words) && !slices.Contains([]string{"tmpfs", "ramfs", "overlay", "aufs"}, words[at+1])
}
