package report

import "github.com/karlquant/quasar/trade"

// spread returns after how many of n orders a curve has a point: at most points, evenly,
// the first and the last among them.
func spread(n, points int) []int {
	points = min(n, points)
	at := make([]int, points)
	for i := range at {
		at[i] = 1
		if points > 1 {
			at[i] += i * (n - 1) / (points - 1)
		}
	}
	return at
}

// curve is the profit at points.
func curve(ended []*bet, at []int) []Point {
	points := make([]Point, 0, len(at))
	profit := trade.Money(0)
	for i, b := range ended {
		profit += b.order.Profit()
		if next := len(points); next < len(at) && at[next] == i+1 {
			points = append(points, Point{At: b.ended().UTC(), N: i + 1, Profit: profit.Float()})
		}
	}
	return points
}
