package torchfile

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"
)

// unpickle carries out the pickle that data is, and nothing after it. What refers
// to a storage is handed to load.
func unpickle(data []byte, load func(*storage) (*storage, error)) (any, error) {
	u := pickle.NewUnpickler(bytes.NewReader(data))
	refused := error(nil)
	u.FindClass = func(module, name string) (any, error) {
		class := findClass(module, name)
		if class == nil {
			refused = refuse(module, name)
			return nil, refused
		}
		return class, nil
	}
	u.PersistentLoad = func(id any) (any, error) {
		s, err := reference(id)
		if err == nil {
			s, err = load(s)
		}
		if err != nil {
			refused = err
			return nil, err
		}
		return s, nil
	}
	value, err := u.Load()
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, damaged("%v", err)
	}
	return value, nil
}

// storages are the names that tensors' types of numbers have in files.
var storages = map[string]DType{
	"DoubleStorage": Float64, "FloatStorage": Float32, "HalfStorage": Float16, "BFloat16Storage": BFloat16,
	"LongStorage": Int64, "IntStorage": Int32, "ShortStorage": Int16, "CharStorage": Int8, "ByteStorage": UInt8, "BoolStorage": Bool,
}

// findClass returns what a name stands for, and nil for what is refused. The
// unpickler itself knows OrderedDict, object and _reconstructor, which without a
// class of ours make nothing.
func findClass(module, name string) any {
	if dtype, ok := storages[name]; ok && module == "torch" {
		return dtype
	}
	switch module + "." + name {
	case "torch._utils._rebuild_tensor_v2":
		return call(rebuildTensor)
	case "torch._utils._rebuild_parameter":
		return call(rebuildParameter)
	case "torch.Size", "builtins.tuple", "__builtin__.tuple":
		return call(onlyArgument)
	case "builtins.set", "__builtin__.set":
		return call(onlyArgument)
	}
	if _, ok := dtypes[name]; ok && module == "torch" {
		return "torch." + name // a dtype among the values beside the weights
	}
	return nil
}

var dtypes = map[string]bool{
	"float64": true, "float32": true, "float16": true, "bfloat16": true, "int64": true, "int32": true, "int16": true, "int8": true, "uint8": true, "bool": true,
}

// refuse says why a name is refused, and what to do.
func refuse(module, name string) error {
	class := quote(module + "." + name)
	if module == "__main__" || strings.HasPrefix(module, "torch.nn.") || strings.HasPrefix(module, "torch.optim.") {
		return fmt.Errorf("got a whole object of the class %s, which is code; %s", class, want)
	}
	return fmt.Errorf("got a pickle that calls or makes %s, which was not done; %s", class, want)
}

// call is a function that a pickle may call.
type call func(args []any) (any, error)

// Call implements types.Callable.
func (c call) Call(args ...any) (any, error) { return c(args) }

var _ types.Callable = call(nil)

// rebuildTensor takes storage, offset, shape and stride, and what says how to
// train on, which is left aside.
func rebuildTensor(args []any) (any, error) {
	if len(args) != 6 && len(args) != 7 {
		return nil, fmt.Errorf("a tensor has %d parts, want 6 or 7", len(args))
	}
	s, ok := args[0].(*storage)
	offset, okOffset := args[1].(int)
	shape, okShape := ints(args[2])
	stride, okStride := ints(args[3])
	if !ok || !okOffset || !okShape || !okStride {
		return nil, fmt.Errorf("a tensor is made of %T, %T, %T and %T, want a storage, an offset, a shape and strides", args[0], args[1], args[2], args[3])
	}
	return &tensor{storage: s, offset: offset, shape: shape, stride: stride}, nil
}

// rebuildParameter makes a parameter, which is a tensor to us.
func rebuildParameter(args []any) (any, error) {
	if len(args) == 3 {
		if t, ok := args[0].(*tensor); ok {
			return t, nil
		}
	}
	return nil, fmt.Errorf("a parameter has %d parts, want a tensor and two more", len(args))
}

func onlyArgument(args []any) (any, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("got %d arguments, want 1", len(args))
	}
	return args[0], nil
}

func ints(v any) ([]int, bool) {
	t, ok := v.(*types.Tuple)
	if !ok {
		return nil, false
	}
	all := make([]int, t.Len())
	for i := range all {
		if all[i], ok = t.Get(i).(int); !ok {
			return nil, false
		}
	}
	return all, true
}

// reference reads what stands for a storage: ("storage", type, key, where it lay,
// how many numbers), and in the older format None behind it.
func reference(id any) (*storage, error) {
	t, ok := id.(*types.Tuple)
	if !ok || t.Len() < 5 || t.Len() > 6 || t.Get(0) != "storage" {
		return nil, damaged("want a reference to a storage of five or six parts")
	}
	dtype, okType := t.Get(1).(DType)
	key, okKey := t.Get(2).(string)
	count, okCount := t.Get(4).(int)
	if !okType || !okKey || !okCount || count < 0 || count > MaxFile {
		return nil, damaged("a reference to a storage has a %T, %T and %T, want type, key and count", t.Get(1), t.Get(2), t.Get(4))
	}
	if t.Len() == 6 && t.Get(5) != nil {
		return nil, fmt.Errorf("got a view of a storage, as PyTorch before 0.4 wrote them; load and save the file with a newer one; %s", want)
	}
	return &storage{dtype: dtype, key: key, count: count}, nil
}
