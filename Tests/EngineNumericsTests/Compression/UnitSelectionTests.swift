import Testing

@testable import Engine

/// OSSCAR's problem of one layer against plain linear algebra and against every subset.
struct UnitSelectionTests {
    private let workers = WorkerPool(threads: 2)

    /// H + λI of random, correlated inputs, and W [size, outputs].
    private func problem(size: Int, outputs: Int, seed: UInt64) -> (damped: [Double], weights: [Double]) {
        let rows = 3 * size
        let noise = randomFloats(rows * size, seed: seed).map(Double.init)
        let mixing = randomFloats(size * size, seed: seed + 1, scale: 0.4).map(Double.init)
        let mixed = DoubleProduct.product(noise, mixing, rows: rows, depth: size, columns: size, workers: workers)
        let inputs = zip(noise, mixed).map { $0 + $1 }
        var gram = [Double](repeating: 0, count: size * size)
        for row in 0..<rows {
            for i in 0..<size { for j in 0..<size { gram[i * size + j] += inputs[row * size + i] * inputs[row * size + j] } }
        }
        for i in 0..<size { gram[i * size + i] += 0.01 * Double(rows) }
        return (gram, randomFloats(size * outputs, seed: seed + 2).map(Double.init))
    }

    /// The best Ŵ on some inputs by Gaussian elimination, and the objective there.
    private func leastSquares(
        _ problem: (damped: [Double], weights: [Double]), keeping kept: [Int], size: Int
    ) -> (weights: [Double], objective: Double) {
        let outputs = problem.weights.count / size
        let count = kept.count
        var a = kept.map { i in kept.map { problem.damped[i * size + $0] } }
        var b = kept.map { i in
            (0..<outputs).map { o in
                (0..<size).reduce(0) { $0 + problem.damped[i * size + $1] * problem.weights[$1 * outputs + o] }
            }
        }
        for pivot in 0..<count {
            let best = (pivot..<count).max { abs(a[$0][pivot]) < abs(a[$1][pivot]) } ?? pivot
            a.swapAt(pivot, best)
            b.swapAt(pivot, best)
            for row in 0..<count where row != pivot {
                let factor = a[row][pivot] / a[pivot][pivot]
                for column in 0..<count { a[row][column] -= factor * a[pivot][column] }
                for column in 0..<outputs { b[row][column] -= factor * b[pivot][column] }
            }
        }
        var weights = [Double](repeating: 0, count: problem.weights.count)
        for (row, input) in kept.enumerated() {
            for column in 0..<outputs { weights[input * outputs + column] = b[row][column] / a[row][row] }
        }
        return (weights, objective(problem, weights, size: size))
    }

    private func objective(_ problem: (damped: [Double], weights: [Double]), _ weights: [Double], size: Int) -> Double {
        let outputs = weights.count / size
        let d = zip(problem.weights, weights).map { $0 - $1 }
        var sum = 0.0
        for i in 0..<size {
            for j in 0..<size {
                for o in 0..<outputs { sum += d[i * outputs + o] * problem.damped[i * size + j] * d[j * outputs + o] }
            }
        }
        return sum
    }

    private func selection(
        _ problem: (damped: [Double], weights: [Double]), size: Int, unitSize: Int = 1
    ) throws -> UnitSelection {
        try UnitSelection(damped: problem.damped, weights: problem.weights, size: size, unitSize: unitSize, workers: workers)
    }

    private func inputs(_ selection: UnitSelection) -> [Int] {
        selection.keptUnits.sorted().flatMap { $0 * selection.unitSize..<($0 + 1) * selection.unitSize }
    }

    private func difference(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } }

    @Test(arguments: [1, 5, 64, 130])
    func theInverseTimesTheMatrixIsTheIdentity(size: Int) throws {
        let damped = problem(size: size, outputs: 1, seed: 3).damped
        let inverse = try #require(CholeskyInverse(of: damped, size: size, workers: workers)).inverse(workers: workers)
        let product = DoubleProduct.product(damped, inverse, rows: size, depth: size, columns: size, workers: workers)
        let one = (0..<size * size).map { $0 / size == $0 % size ? 1.0 : 0 }
        #expect(difference(product, one) < 1e-8)
        let alone = WorkerPool(threads: 1)
        #expect(CholeskyInverse(of: damped, size: size, workers: alone)?.inverse(workers: alone) == inverse)
        #expect((CholeskyInverse(of: damped.map { _ in 1 }, size: size, workers: workers) == nil) == (size > 1))
    }

    @Test(arguments: [1, 3])
    func weightsAfterRemovalsAreThoseOfANewLeastSquaresSolution(unitSize: Int) throws {
        let problem = problem(size: 24, outputs: 7, seed: 11)
        var selection = try selection(problem, size: 24, unitSize: unitSize)
        var before = 0.0
        for left in (3..<24 / unitSize).reversed() {
            let cheapest = selection.keptUnits.map { selection.cost(ofUnit: $0) }.min() ?? 0
            selection.removeGreedily(leaving: left)
            let direct = leastSquares(problem, keeping: inputs(selection), size: 24)
            #expect(difference(selection.weights, direct.weights) < 1e-8)
            // What the cheapest unit was said to cost is what its removal cost.
            #expect(abs(direct.objective - before - cheapest) < 1e-7 * max(1, direct.objective))
            before = direct.objective
        }
    }

    @Test(arguments: [1, 4])
    func aUnitThatReturnsLeavesNothingBehind(unitSize: Int) throws {
        let problem = problem(size: 20, outputs: 5, seed: 21)
        var selection = try selection(problem, size: 20, unitSize: unitSize)
        selection.removeGreedily(leaving: 3)
        let (weights, inverse) = (selection.weights, selection.inverse)
        let unit = try #require((0..<20 / unitSize).first { !selection.keptUnits.contains($0) })
        selection.restore(unit: unit)
        #expect(difference(selection.weights, leastSquares(problem, keeping: inputs(selection), size: 20).weights) < 1e-8)
        selection.remove(unit: unit)
        #expect(difference(selection.weights, weights) < 1e-8 && difference(selection.inverse, inverse) < 1e-8)
    }

    /// Ten inputs have 252 halves, six blocks of two have 20.
    @Test(
        arguments: [1, 2])
    func theSelectionLiesBetweenTheBestSubsetAndGreedyRemoval(unitSize: Int) throws {
        let (size, units) = unitSize == 1 ? (10, 10) : (12, 6)
        var optimal = (greedy: 0, exchanged: 0)
        var ratios: [Double] = []
        for seed in 0..<20 {
            let problem = problem(size: size, outputs: 4, seed: UInt64(100 + 10 * seed))
            func best(of sets: [[Int]]) -> Double {
                sets.map { set in
                    let kept = set.sorted().flatMap { $0 * unitSize..<($0 + 1) * unitSize }
                    return leastSquares(problem, keeping: kept, size: size).objective
                }.min() ?? 0
            }
            let optimum = best(of: subsets(of: units, count: units / 2))
            var selection = try selection(problem, size: size, unitSize: unitSize)
            selection.removeGreedily(leaving: units / 2)
            let greedy = objective(problem, selection.weights, size: size)
            selection.exchange(attempts: 64)
            let exchanged = objective(problem, selection.weights, size: size)
            #expect(exchanged <= greedy * (1 + 1e-9) && exchanged >= optimum * (1 - 1e-9))
            let neighbours = selection.keptUnits.flatMap { out in
                (0..<units).filter { !selection.keptUnits.contains($0) }.map {
                    Array(selection.keptUnits.subtracting([out])) + [$0]
                }
            }
            #expect(exchanged <= best(of: neighbours) * (1 + 1e-9))
            optimal.greedy += greedy <= optimum * (1 + 1e-9) ? 1 : 0
            optimal.exchanged += exchanged <= optimum * (1 + 1e-9) ? 1 : 0
            ratios.append(exchanged / optimum)
        }
        #expect(optimal.exchanged > optimal.greedy && optimal.exchanged >= 12, "\(optimal) of 20")
        #expect(ratios.reduce(0, +) / 20 < 1.2)
    }

    @Test func theReductionOfALayerExchangesWhatGreedyRemovalChoseBadly() throws {
        var exchanged = 0
        for seed in 0..<20 {
            var statistics = InputStatistics(width: 10)
            let x = FloatBuffer(randomFloats(30 * 10, seed: UInt64(300 + seed)))
            withExtendedLifetime(x) { statistics.add(MatrixView(x.base, 30, 10), workers: workers) }
            statistics.mirror()
            let weights = randomFloats(10 * 4, seed: UInt64(400 + seed)).map(Double.init)
            var selection = try selection((statistics.damped(0.01), weights), size: 10)
            selection.removeGreedily(leaving: 5)
            let greedy = selection.keptUnits.sorted()
            selection.exchange(attempts: 64)
            let reduction = try LinearReduction.solving(
                statistics, weights, unitSize: 1, keeping: 5, damping: 0.01, workers: workers)
            #expect(reduction.kept == selection.keptUnits.sorted() && reduction.weights == selection.weights)
            exchanged += reduction.kept == greedy ? 0 : 1
        }
        #expect(exchanged > 0)
    }

    /// An input that is always zero, and one that repeats another: both go, and nothing is lost.
    @Test func deadAndRepeatedInputsGoFirstWhateverTheirWeights() throws {
        let size = 6
        let samples = randomFloats(40 * size, seed: 77)
        let x = FloatBuffer(count: 40 * size)
        for row in 0..<40 {
            for column in 0..<size { x.base[row * size + column] = samples[row * size + column] }
            x.base[row * size + 2] = 0
            x.base[row * size + 5] = x.base[row * size + 1]
        }
        var statistics = InputStatistics(width: size)
        statistics.add(MatrixView(x.base, 40, size), workers: workers)
        statistics.mirror()
        var weights = randomFloats(size * 3, seed: 78).map(Double.init)
        for column in 0..<3 { weights[2 * 3 + column] = 100 }
        let reduction = try LinearReduction.solving(
            statistics, weights, unitSize: 1, keeping: 4, damping: 1e-6, workers: workers)
        #expect(!reduction.kept.contains(2) && !(reduction.kept.contains(1) && reduction.kept.contains(5)))
        func error(_ reduction: LinearReduction) -> Double {
            func outputsByInputs(_ weights: [Double]) -> [Float] {
                (0..<3).flatMap { output in (0..<size).map { Float(weights[$0 * 3 + output]) } }
            }
            return statistics.reconstructionError(
                of: outputsByInputs(reduction.weights), to: outputsByInputs(weights), rows: 3, workers: workers)
        }
        #expect(error(reduction) < 1e-3)
        #expect(error(LinearReduction.keeping(reduction.kept, of: size, weights)) > 0.1)
        // Nothing but zeros has an inverse too.
        let empty = try LinearReduction.solving(
            InputStatistics(width: size), weights, unitSize: 1, keeping: 2, damping: 0.01, workers: workers)
        #expect(empty.kept.count == 2 && empty.weights.allSatisfy { $0.isFinite })
    }

    private func subsets(of size: Int, count: Int) -> [[Int]] {
        (0..<1 << size).filter { $0.nonzeroBitCount == count }.map { mask in (0..<size).filter { mask >> $0 & 1 == 1 } }
    }
}
