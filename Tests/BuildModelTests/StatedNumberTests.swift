import BuildModel
import CanonicalJSON
import Testing

/// Numbers that strangers state.
@Suite struct StatedNumberTests {
    @Test func sizesAddUpWithoutOverflow() {
        let files = (0..<5000).map {
            Artifact.File(path: "f\($0)", size: Artifact.mostFileBytes, digest: Digest(hashing: "x"))
        }
        #expect(Artifact(files: files).size == 1 << 50)
        #expect(Artifact(files: []).size == 0)
    }

    @Test(arguments: [-1, .max, 1 << 44 + 1] as [Int64]) func aManifestWithAnAbsurdSizeIsNone(size: Int64) {
        let entry: JSON = ["path": "a", "size": .integer(size), "sha256": .string(Digest(hashing: "x").hex)]
        #expect(Artifact(manifest: [entry]) == nil)
    }

    @Test(arguments: [(-1, 5), (5, .min), (.max, 5), (0, .max), (1 << 53 + 1, 1)] as [(Int64, Int64)])
    func progressBeyondAllCountsIsNone(done: Int64, total: Int64) {
        #expect(StageProgress(json: ["done": .integer(done), "total": .integer(total), "unit": "row", "readings": [:]]) == nil)
    }
}
