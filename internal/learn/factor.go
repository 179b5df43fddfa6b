package learn

import (
	"math"

	gonum "gonum.org/v1/gonum/blas"
)

// Factor is a linear least squares problem A theta = b in triangular form: U is upper
// triangular, U'U = A, and U'w = b. New rows are rotated into it, which is stable
// whatever their number (Golub & Van Loan, 6.5.4).
type Factor struct {
	dim  int
	u    []float64 // dim rows of dim; what is below the diagonal is 0
	w    []float64
	row  []float64
	next []float64
}

// NewFactor returns the factor of A = diag(precision) and b = 0. The precisions are
// positive.
func NewFactor(precision []float64) *Factor {
	n := len(precision)
	f := &Factor{dim: n, u: make([]float64, n*n), w: make([]float64, n), row: make([]float64, n), next: make([]float64, n*n)}
	for i, p := range precision {
		f.u[i*n+i] = math.Sqrt(p)
	}
	return f
}

// Set takes another problem: the upper triangle of A, row after row of the whole, and
// b. If A is not positive definite it changes nothing and returns false.
func (f *Factor) Set(a, b []float64) bool {
	n := f.dim
	for i := range n {
		copy(f.next[i*n+i:(i+1)*n], a[i*n+i:(i+1)*n])
	}
	for i := range n {
		row := f.next[i*n+i : (i+1)*n]
		if !(row[0] > 0) || math.IsInf(row[0], 0) {
			return false
		}
		blas.Dscal(len(row), 1/math.Sqrt(row[0]), row, 1)
		for k := 1; k < len(row); k++ {
			addScaled(-row[k], row[k:], f.next[(i+k)*n+i+k:(i+k+1)*n])
		}
	}
	f.u, f.next = f.next, f.u
	copy(f.w, b)
	f.Whiten(f.w)
	return true
}

// Update adds weight x x' to A and weight y x to b. It returns by how much y missed the
// prediction before, in units in which it has the variance of the noise: the sum of
// its squares over all updates is the least sum of squares, the prior's part included.
func (f *Factor) Update(x []float64, y, weight float64) (miss float64) {
	n, root := f.dim, math.Sqrt(weight)
	for i, v := range x {
		f.row[i] = root * v
	}
	y *= root
	for i, x := range f.row {
		if x == 0 {
			continue
		}
		u := f.u[i*n+i : (i+1)*n]
		r := math.Sqrt(u[0]*u[0] + x*x)
		c, s := u[0]/r, x/r
		u[0] = r
		rest := f.row[i+1:]
		for k, v := range u[1:] {
			u[k+1] = c*v + s*rest[k]
			rest[k] = c*rest[k] - s*v
		}
		f.w[i], y = c*f.w[i]+s*y, c*y-s*f.w[i]
	}
	return y
}

// Whiten turns x into U'^-1 x, in place: its length squared is x'A^-1 x, and its
// product with W is x'theta.
func (f *Factor) Whiten(x []float64) {
	blas.Dtrsv(gonum.Upper, gonum.Trans, gonum.NonUnit, f.dim, f.u, f.dim, x, 1)
}

// W returns U'^-1 b. It is f's own.
func (f *Factor) W() []float64 { return f.w }

// Unwhiten turns x into U^-1 x, in place: W becomes theta, and noise of variance 1
// becomes noise of covariance A^-1.
func (f *Factor) Unwhiten(x []float64) {
	blas.Dtrsv(gonum.Upper, gonum.NoTrans, gonum.NonUnit, f.dim, f.u, f.dim, x, 1)
}
