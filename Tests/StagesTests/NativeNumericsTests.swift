import BuildModel
import Engine
import Foundation
import Stages
import TestSupport
import Testing
import Words

/// What a stage's process makes of its action's numerics.
@Suite struct NativeNumericsTests {
    /// What is fastest here does not enter: whoever builds or verifies computes what the key names.
    @Test func aStageComputesAsItsActionSays() throws {
        #expect(try ProductPrecision(.portable) == .float32)
        for family in ProcessorFamily.ours where Processor.runs(family) {
            #expect(try ProductPrecision(.native(family)) == ProductPrecision(family))
            #expect(Numerics.native(family).isOfThisMachine)
        }
        #expect(Numerics.native(.ofThisMachine).isOfThisMachine)
    }

    @Test func whatDoesNotRunHereIsRefused() throws {
        let library = try #require(OpenBLASBuild(core: "nocore", version: "0.0.1"))
        for family in ProcessorFamily.ours + [.openBLAS(library)] where !Processor.runs(family) {
            let failure = #expect(throws: StageFailure.self) { try ProductPrecision(.native(family)) }
            #expect(
                failure?.description.contains("numerics are native-\(family.rawValue); this machine's are portable, ") == true)
            #expect(!Numerics.native(family).isOfThisMachine)
        }
        let failure = #expect(throws: StageFailure.self) { try ProductPrecision(.native(.openBLAS(library))) }
        #expect(failure?.description.contains("; install OpenBLAS 0.0.1 (Debian's libopenblas0)") == true)
    }
}

/// Where the test of an unknown processor is kept.
@Suite struct KernelTestTests {
    private let folder = TemporaryFolder()
    private let model = ProcessorModel(vendor: "GenuineIntel", family: 6, model: 143)
    private let candidates = [ProcessorFamily.avx512, .avx512BFloat16]

    @Test func theOutcomeIsKept() {
        let test = KernelTest(folder: folder.folder("kernels"))
        #expect(test.outcome(of: model, among: candidates) { .avx512BFloat16 } == .avx512BFloat16)
        // Another outcome later, on a busier machine, changes nothing.
        #expect(test.outcome(of: model, among: candidates) { .avx512 } == .avx512BFloat16)
    }

    @Test func otherProcessorsAndOtherCandidatesAreTestedThemselves() {
        let test = KernelTest(folder: folder.folder("kernels"))
        #expect(test.outcome(of: model, among: candidates) { .avx512BFloat16 } == .avx512BFloat16)
        let other = ProcessorModel(vendor: "../Genuine", family: 6, model: 143)
        #expect(test.outcome(of: other, among: candidates) { .avx512 } == .avx512)
        #expect(test.outcome(of: model, among: [.avx2]) { .avx2 } == .avx2)
        #expect(test.outcome(of: other, among: candidates) { .avx512BFloat16 } == .avx512)
    }

    @Test func aDamagedFileAndAFolderThatCannotBeMadeCostATest() throws {
        let test = KernelTest(folder: folder.folder("kernels"))
        _ = test.outcome(of: model, among: candidates) { .avx512 }
        let files = try FileManager.default.contentsOfDirectory(at: folder.folder("kernels"), includingPropertiesForKeys: nil)
        try Data("avx2\n".utf8).write(to: try #require(files.first))
        #expect(test.outcome(of: model, among: candidates) { .avx512BFloat16 } == .avx512BFloat16)

        try Data().write(to: folder.file("file"))
        let nowhere = KernelTest(folder: folder.folder("file/kernels"))
        #expect(nowhere.outcome(of: model, among: candidates) { .avx512 } == .avx512)
        #expect(nowhere.outcome(of: model, among: candidates) { .avx512BFloat16 } == .avx512BFloat16)
    }
}
