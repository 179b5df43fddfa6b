// Command build makes web/dist, which the program embeds, of web/src: TypeScript
// and styles are bundled and minified by esbuild, without Node. It is a module of
// its own, for whoever installs Quasar needs none of this.
//
//	go -C web/build run .
package main

import (
	"fmt"
	"os"
)

// web is the folder above: the command is run from its own.
const web = ".."

func main() {
	files, err := Bundle(web)
	if err == nil {
		err = Write(web+"/dist", files)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
