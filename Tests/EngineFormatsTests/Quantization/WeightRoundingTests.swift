import CanonicalJSON
import TestSupport
import Testing

@testable import Engine

/// GPTQ and QuantEase against float64 from the papers' formulas (scripts/reference/quantization_reference.py).
@Suite struct WeightRoundingTests {
    struct Case {
        let weights: [Float]
        let rows: Int
        let columns: Int
        let grid: IntegerQuantization
        let activationOrder: Bool
        let inputs: [Float]
        let json: JSON

        init(_ json: JSON) throws {
            self.json = json
            rows = try #require(json["rows"]?.integer)
            columns = try #require(json["columns"]?.integer)
            grid = try IntegerQuantization(
                bits: #require(json["bits"]?.integer), groupSize: #require(json["group_size"]?.integer))
            activationOrder = try #require(json["activation_order"]?.bool as Bool?)
            weights = try #require(json["weights_times_64"]?.array).compactMap { $0.integer.map { Float($0) / 64 } }
            inputs = try #require(json["inputs"]?.array).compactMap { $0.integer.map(Float.init) }
        }

        func integers(_ key: String) throws -> [Int8] {
            try #require(json[key]?.array).compactMap { $0.integer.map(Int8.init) }
        }

        func statistics(workers: WorkerPool) -> InputStatistics {
            var statistics = InputStatistics(width: columns)
            let buffer = FloatBuffer(inputs)
            statistics.add(MatrixView(buffer.base, inputs.count / columns, columns), workers: workers)
            statistics.mirror()
            return statistics
        }
    }

    static func cases() throws -> [Case] {
        try #require(try reference("rounding.json")["rounding"]?.array).map { try Case($0) }
    }

    @Test func codesAreThoseOfTheFormulas() throws {
        for item in try Self.cases() {
            let workers = WorkerPool(threads: 2)
            let statistics = item.statistics(workers: workers)
            for (rounding, name) in [
                (WeightRounding.gptq(damping: 0.01, activationOrder: item.activationOrder), "gptq"),
                (.quantEase(damping: 0.01, iterations: 20), "quantease"),
            ] {
                let prepared = try PreparedRounding(rounding, statistics, name: "the case", workers: workers)
                let codes = prepared.codes(of: item.weights, rows: item.rows, grid: item.grid)
                #expect(try codes.codes == item.integers(name), "\(name), \(item.columns) columns")
                let scales = try #require(item.json["\(name)_scales"]?.array).compactMap { $0.double.map(Float.init) }
                #expect(zip(codes.scales, scales).allSatisfy { abs($0 - $1) <= 1e-6 * $1 })
                let error = prepared.error(of: codes.dequantized(), to: item.weights, rows: item.rows)
                let expected = try #require(item.json["\(name)_error"]?.double)
                #expect(abs(error / expected - 1) < 1e-4)
            }
        }
    }

    @Test func eachMethodIsBetterThanTheOneBefore() throws {
        for item in try Self.cases() {
            let workers = WorkerPool(threads: 1)
            let statistics = item.statistics(workers: workers)
            let errors = try [
                WeightRounding.nearest, .gptq(damping: 0.01, activationOrder: true),
                .quantEase(damping: 0.01, iterations: 1), .quantEase(damping: 0.01, iterations: 20),
            ].map { rounding in
                let prepared = try PreparedRounding(rounding, statistics, name: "the case", workers: workers)
                let codes = prepared.codes(of: item.weights, rows: item.rows, grid: item.grid)
                return prepared.error(of: codes.dequantized(), to: item.weights, rows: item.rows)
            }
            #expect(errors[1] < 0.9 * errors[0])
            #expect(errors[2] < errors[1])
            #expect(errors[3] <= errors[2])
        }
    }

    @Test func threadsChangeNothing() throws {
        let item = try #require(try Self.cases().first)
        let codes = try [1, 2, 3].map { threads in
            let workers = WorkerPool(threads: threads)
            let statistics = item.statistics(workers: workers)
            let rounding = WeightRounding.quantEase(damping: 0.01, iterations: 3)
            return (
                statistics,
                try PreparedRounding(rounding, statistics, name: "the case", workers: workers)
                    .codes(of: item.weights, rows: item.rows, grid: item.grid)
            )
        }
        #expect(codes.allSatisfy { $0 == codes[0] })
    }

    /// Where inputs are independent of each other there is nothing to make good; where they are never used, nothing to learn.
    @Test func withoutCorrelationsCodesAreTheNearest() throws {
        var random = TestRandom(seed: 4)
        let weights = (0..<20 * 32).map { _ in Float.random(in: -1...1, using: &random) }
        let grid = try IntegerQuantization(bits: 4, groupSize: 8)
        let nearest = grid.nearest(weights, rows: 20, columns: 32)
        let workers = WorkerPool(threads: 2)
        var diagonal = InputStatistics(width: 32)
        for index in 0..<32 { diagonal.products[index * 32 + index] = Double(index) }
        for statistics in [diagonal, InputStatistics(width: 32)] {
            for rounding in [
                WeightRounding.gptq(damping: 0.01, activationOrder: true), .gptq(damping: 0.01, activationOrder: false),
                .quantEase(damping: 0.01, iterations: 4),
            ] {
                let prepared = try PreparedRounding(rounding, statistics, name: "x", workers: workers)
                #expect(prepared.codes(of: weights, rows: 20, grid: grid) == nearest)
            }
        }
    }

    @Test func statisticsWithoutAnInverseAreRefusedWithTheWayOut() throws {
        var statistics = InputStatistics(width: 8)
        for index in 0..<64 { statistics.products[index] = 1 }
        let fault = "The statistics of down of layer 3 have no inverse; calibrate on more rows, or raise quantize.damping."
        #expect(throws: QuantizationError(fault)) {
            try PreparedRounding(
                .gptq(damping: 0, activationOrder: false), statistics, name: "down of layer 3", workers: WorkerPool(threads: 1))
        }
    }

    @Test(arguments: [1, 7, 16, 64, 65, 130]) func theCholeskyInverseIsOne(size: Int) throws {
        var random = TestRandom(seed: 8)
        let factor = (0..<size * size).map { _ in Double.random(in: -1...1, using: &random) }
        var matrix = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            for column in 0..<size {
                matrix[row * size + column] = (0..<size).reduce(row == column ? 1 : 0) {
                    $0 + factor[row * size + $1] * factor[column * size + $1]
                }
            }
        }
        let inverse = try #require(CholeskyInverse(of: matrix, size: size, workers: WorkerPool(threads: 2))).values
        // M·A·Mᵀ is the unit matrix for M = L⁻¹.
        for row in 0..<size {
            let product = (0..<size).map { column in
                (0...row).reduce(0) { $0 + inverse[row * size + $1] * matrix[$1 * size + column] }
            }
            for other in 0..<size {
                let value = (0...other).reduce(0) { $0 + product[$1] * inverse[other * size + $1] }
                #expect(abs(value - (row == other ? 1 : 0)) < 1e-9)
            }
        }
        #expect(CholeskyInverse(of: matrix.map { -$0 }, size: size, workers: WorkerPool(threads: 2)) == nil)
    }
}
