// SPDX-License-Identifier: MIT

// cachestat(2) without cgo: the numbers are liblinux.json's, as bindings.py writes them.
package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

type extent struct{ off, len uint64 }

type cached struct{ cache, dirty, writeback, evicted, recentlyEvicted uint64 }

func main() {
	name := []byte("downstream\x00")
	fd, _, errno := syscall.RawSyscall(Nr_memfd_create, uintptr(unsafe.Pointer(&name[0])), 0, 0)
	if errno != 0 {
		fmt.Fprintln(os.Stderr, "memfd_create:", errno)
		os.Exit(1)
	}
	file := os.NewFile(fd, "memory")
	if _, err := file.Write(make([]byte, 3*os.Getpagesize())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	all, found := extent{}, cached{}
	ret, _, errno := syscall.RawSyscall6(Nr_cachestat, fd, uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&found)), 0, 0, 0)
	if errno == syscall.ENOSYS {
		fmt.Println("this kernel has no cachestat (Linux 6.5)")
		os.Exit(77)
	}
	if errno != 0 || found.cache != 3 {
		fmt.Fprintln(os.Stderr, "cachestat:", errno, found)
		os.Exit(1)
	}
	fmt.Printf("Go: cachestat %d, %d pages\n", ret, found.cache)
}
