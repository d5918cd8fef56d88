import Testing
import Words

@testable import Engine

/// Which kernels `native` takes.
@Suite struct KernelChoiceTests {
    private static let emeraldRapids = ProcessorModel(vendor: "GenuineIntel", family: 6, model: 207)
    private static let zen5 = ProcessorModel(vendor: "AuthenticAMD", family: 26, model: 2)
    private static let unknown = ProcessorModel(vendor: "GenuineIntel", family: 6, model: 143)

    /// The family of a model that runs some of Decant's kernels; `nil` where the test is asked.
    private func choice(_ model: ProcessorModel, _ runs: [ProcessorFamily]) -> ProcessorFamily? {
        var isTested = false
        let family = KernelChoice.family(of: model, runs: runs.contains) {
            isTested = true
            return .avx2
        }
        return isTested ? nil : family
    }

    @Test func theTableDecidesForModelsThatWereMeasured() {
        #expect(choice(Self.emeraldRapids, ProcessorFamily.ours) == .amxBFloat16)
        #expect(choice(Self.zen5, ProcessorFamily.ours) == .avx512BFloat16)
    }

    /// Products of bfloat16 in vectors are slower than float32 there: never taken, also where tiles may not be used.
    @Test func whatIsSlowerOnAModelIsNotTaken() {
        #expect(choice(Self.emeraldRapids, [.avx2, .avx512, .avx512BFloat16]) == .avx512)
        #expect(choice(Self.emeraldRapids, [.avx2]) == .avx2)
        #expect(choice(Self.zen5, [.avx2, .avx512]) == .avx512)
    }

    @Test func theTestDecidesForOthers() {
        #expect(choice(Self.unknown, ProcessorFamily.ours) == nil)
        #expect(choice(ProcessorModel(vendor: "AuthenticAMD", family: 6, model: 207), ProcessorFamily.ours) == nil)
        #expect(choice(ProcessorModel(vendor: "AuthenticAMD", family: 26, model: 0x50), ProcessorFamily.ours) == nil)
    }

    @Test func aTestPrefersThePortableKernelsUnlessOthersAreClearlyFaster() {
        #expect(KernelChoice.fastest([]) == nil)
        #expect(KernelChoice.fastest([(.avx512, 100), (.avx512BFloat16, 50)]) == .avx512)
        #expect(KernelChoice.fastest([(.avx512, 100), (.avx512BFloat16, 110)]) == .avx512)
        #expect(KernelChoice.fastest([(.avx512, 100), (.avx512BFloat16, 180)]) == .avx512BFloat16)
        #expect(KernelChoice.fastest([(.avx512, 100), (.avx512BFloat16, 180), (.amxBFloat16, 500)]) == .amxBFloat16)
        #expect(KernelChoice.fastest([(.avx512, 100), (.avx512BFloat16, 180), (.amxBFloat16, 170)]) == .avx512BFloat16)
    }

    @Test func theTestOfThisMachineComparesWhatRunsHere() {
        let candidates = KernelChoice.candidates
        #expect(candidates.first == Processor.portableFamily)
        #expect(candidates.allSatisfy { Processor.runs($0) })
        #expect(candidates.contains(KernelChoice.fastestInTest()))
        #expect(!ProcessorModel.current.vendor.isEmpty)
    }
}

/// Products by the system's OpenBLAS.
@Suite(.enabled(if: OpenBLAS.build != nil, "this machine has no OpenBLAS"))
struct OpenBLASTests {
    /// rows, columns, depth
    private static let shapes = [(1, 1, 1), (13, 33, 9), (31, 47, 400), (200, 300, 400), (1000, 40, 200), (40, 1000, 200)]

    private func multiply(_ shape: (Int, Int, Int), threads: Int) throws -> [[Float]] {
        let products = ProductPrecision(.openBLAS(try #require(OpenBLAS.build)))
        let (rows, columns, depth) = shape
        let (a, b) = (FloatBuffer(randomFloats(rows * depth, seed: 1)), FloatBuffer(randomFloats(depth * columns, seed: 2)))
        let workers = WorkerPool(threads: threads)
        return withExtendedLifetime((a, b)) {
            (0..<3).map { operands in
                let c = FloatBuffer([Float](repeating: 1, count: rows * columns))
                let target = MatrixView(c.base, rows, columns)
                let (left, right) = (MatrixView(a.base, rows, depth), MatrixView(b.base, depth, columns))
                switch operands {
                case 0: MatrixMultiply.product(left, right, into: target, .adding, on: workers, in: products)
                case 1:
                    MatrixMultiply.product(
                        left, transposed: MatrixView(b.base, columns, depth), into: target, .adding, on: workers, in: products)
                default:
                    MatrixMultiply.product(
                        transposed: MatrixView(a.base, depth, rows), right, into: target, .adding, on: workers, in: products)
                }
                return c.values
            }
        }
    }

    @Test(arguments: shapes)
    func theNumberOfThreadsChangesNoBit(shape: (Int, Int, Int)) throws {
        let alone = try multiply(shape, threads: 1)
        for threads in [1, 2, 3] { #expect(try multiply(shape, threads: threads) == alone) }
    }

    @Test(arguments: shapes)
    func productsAreNearFloat64(shape: (Int, Int, Int)) throws {
        let (rows, columns, depth) = shape
        let (a, b) = (randomFloats(rows * depth, seed: 1), randomFloats(depth * columns, seed: 2))
        let found = try multiply(shape, threads: 2)[0]
        for (row, column) in [(0, 0), (rows / 2, columns - 1), (rows - 1, columns / 2)] {
            let terms = (0..<depth).map { Double(a[row * depth + $0]) * Double(b[$0 * columns + column]) }
            let size = terms.reduce(1) { $0 + abs($1) }
            #expect(abs(Double(found[row * columns + column]) - terms.reduce(1, +)) <= Double(depth + 1) * 0x1p-23 * size)
        }
    }
}
