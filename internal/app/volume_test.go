package app

import "testing"

func TestAVolumeIsMounted(t *testing.T) {
	const (
		root   = "22 1 0:20 / / rw,relatime - overlay overlay rw\n"
		volume = "31 22 8:16 /spaces/1 /data rw,relatime shared:3 - ext4 /dev/sdb rw\n"
		memory = "32 22 0:31 / /data rw - tmpfs tmpfs rw\n"
	)
	for _, c := range []struct {
		name, dir, mounts string
		want              bool
	}{
		{"the volume", "/data", root + volume, true},
		{"a directory on it", "/data/journals", root + volume, true},
		{"another place", "/home/user", root + volume, false},
		{"a way out of it", "/data/../home", root + volume, false},
		{"a name that begins like it", "/database", root + volume, false},
		{"the directory of the image, without a volume", "/data", root, false},
		{"memory", "/data", root + memory, false},
		{"memory over the volume", "/data", root + volume + memory, false},
		{"a mount below it alone", "/data", root + "31 22 8:16 / /data/other rw - ext4 /dev/sdb rw\n", false},
		{"a line that breaks off", "/data", root + "31 22 8:16 / /data rw -\n", false},
		{"nothing is known", "/data", "", false},
	} {
		if got := onVolume(c.dir, c.mounts); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}
