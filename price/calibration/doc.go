// Package calibration measures the indices: from recorded ticks and quotes it estimates
// the parameters of the laws of package price, each with a 95 % interval, and writes
// them to a file from which a simulator takes them.
//
// It believes the laws. An interval is one of the law that the index has by its name;
// where ticks contradict that law there is a note, and where they say too little the
// parameter is refused, with how much more is wanted. What is refused stays what
// package price assumes.
//
// The package opens no file, starts nothing, reads no clock and draws no chance: the
// same ticks give the same estimates.
package calibration
