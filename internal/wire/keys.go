package wire

import "fmt"

// keys is the set of the keys of one object.
type keys struct {
	few  []string
	many map[string]struct{}
}

// add puts key into the set, or says that it is there already. A frame of one
// object with thousands of keys must not cost their square.
func (k *keys) add(key string) error {
	if k.has(key) {
		return duplicate(key)
	}
	if k.many != nil {
		k.many[key] = struct{}{}
		return nil
	}
	if k.few = append(k.few, key); len(k.few) == 16 {
		k.many = make(map[string]struct{}, 2*len(k.few))
		for _, old := range k.few {
			k.many[old] = struct{}{}
		}
	}
	return nil
}

func (k *keys) has(key string) bool {
	if k.many != nil {
		_, ok := k.many[key]
		return ok
	}
	for _, old := range k.few {
		if old == key {
			return true
		}
	}
	return false
}

func duplicate(key string) error { return fmt.Errorf("duplicate key %+q", clip(key)) }
