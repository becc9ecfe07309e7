// Speed of the Go module beside golang-jwt and crypto/hmac: cargo xtask bench go.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"
)

// How long one batch of one row takes, about, and how many turns there are.
const (
	batch = 400 * time.Microsecond
	turns = 1001
)

type row struct {
	name string
	work func() error
}

type table struct {
	title string
	rows  []row
}

func main() {
	found, err := tables()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Printf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			fmt.Printf(", %s %s", module.Path, module.Version)
		}
	}
	fmt.Println("\n\"x limit\" is the median over all turns of the ratio to the first row within the same turn.")
	for _, table := range found {
		table.run()
	}
}

// run lets the rows take turns in short batches, so that a slow spell of the machine meets them all.
func (t table) run() {
	sizes := make([]int, len(t.rows))
	samples := make([][]float64, len(t.rows))
	ratios := make([][]float64, len(t.rows))
	for i, row := range t.rows {
		for sizes[i] = 1; row.batch(sizes[i])*float64(sizes[i]) < float64(batch)/2; sizes[i] *= 2 {
		}
	}
	for range turns {
		for i, row := range t.rows {
			samples[i] = append(samples[i], row.batch(sizes[i]))
			ratios[i] = append(ratios[i], samples[i][len(samples[i])-1]/samples[0][len(samples[0])-1])
		}
	}
	fmt.Printf("\n### %s\n\n| | ns, median | 10 %% .. 90 %% | x limit | allocations |\n|---|---:|---:|---:|---:|\n", t.title)
	for i, row := range t.rows {
		slices.Sort(samples[i])
		slices.Sort(ratios[i])
		at := func(sorted []float64, quantile float64) float64 { return sorted[int(float64(len(sorted)-1)*quantile)] }
		allocations := testing.AllocsPerRun(100, func() { _ = row.work() })
		fmt.Printf("| %s | %.0f | %.0f .. %.0f | %.2f | %.0f |\n", row.name,
			at(samples[i], 0.5), at(samples[i], 0.1), at(samples[i], 0.9), at(ratios[i], 0.5), allocations)
	}
}

// batch is nanoseconds per call.
func (r row) batch(size int) float64 {
	start := time.Now()
	for range size {
		if err := r.work(); err != nil {
			panic(err)
		}
	}
	return float64(time.Since(start)) / float64(size)
}
