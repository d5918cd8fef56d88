import BuildModel
import CanonicalJSON
import Testing

@Suite struct KeyTests {
    let action = Action(
        kind: "prune.apply", revision: 1, parameters: ["ratio": 0.2, "method": "depth"],
        inputs: [
            .init(name: "model", artifact: Digest(hashing: "model")),
            .init(name: "scores", artifact: Digest(hashing: "scores")),
        ],
        numerics: .portable)

    @Test func digestIsSHA256() {
        #expect(Digest(hashing: "abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Digest(hex: Digest(hashing: "abc").hex) == Digest(hashing: "abc"))
        #expect(Digest(hex: "BA78") == nil)
        #expect(Digest(hex: String(repeating: "g", count: 64)) == nil)
    }

    /// The key of a published action never changes: stores made by every earlier version depend on it.
    @Test func keyIsFixed() {
        #expect(action.key.hex == "1e266dce9898e53030908bfbb89dd9823930117155f356a1cf45325495f52e7f")
    }

    @Test func keyCoversEveryField() {
        var other = action
        other.revision = 2
        #expect(other.key != action.key)
        other = action
        other.parameters = ["ratio": 0.3, "method": "depth"]
        #expect(other.key != action.key)
        other = action
        other.inputs.swapAt(0, 1)
        #expect(other.key != action.key)
        other = action
        other.kind = "prune.score"
        #expect(other.key != action.key)
    }

    /// Portable keys say `portable`, native ones the family besides; what is read back is what was written.
    @Test(arguments: [
        (Numerics.portable, "portable"), (.native(.avx2), "native-avx2"), (.native(.avx512), "native-avx512"),
        (.native(.avx512BFloat16), "native-avx512-bf16"), (.native(.amxBFloat16), "native-amx-bf16"),
    ])
    func numericsAreSpelledOneWay(numerics: Numerics, spelling: String) throws {
        var other = action
        other.numerics = numerics
        #expect(other.encoding["numerics"]?.string == spelling)
        #expect((other.key == action.key) == (numerics == .portable))
        #expect(try Action(encoding: other.encoding) == other)
        #expect(Numerics(rawValue: spelling) == numerics)
    }

    /// OpenBLAS's bytes depend on its core and its version.
    @Test(arguments: ["native-openblas-haswell-0.3.21", "native-openblas-skylakex-0.3.28"])
    func aLibraryIsSpelledOneWay(spelling: String) throws {
        var other = action
        other.numerics = try #require(Numerics(rawValue: spelling))
        #expect(other.numerics.rawValue == spelling)
        #expect(try Action(encoding: other.encoding) == other)
    }

    @Test(
        arguments: [
            "native", "native-", "native-avx9", "Portable", "avx2", "", "native-openblas", "native-openblas-haswell",
            "native-openblas-Haswell-0.3.21", "native-openblas-haswell-", "native-openblas--0.3.21",
            "native-openblas-haswell-0.3.21-x", "native-openblas-haswell-0.3.21\u{301}",
        ])
    func unknownNumericsAreRefused(profile: String) throws {
        var members = try #require(action.encoding.object)
        members["numerics"] = .string(profile)
        #expect(throws: UnreadableAction.unknownNumerics(profile)) { try Action(encoding: .object(members)) }
        members["numerics"] = nil
        #expect(throws: UnreadableAction.malformed) { try Action(encoding: .object(members)) }
    }

    @Test func actionAndManifestComeBackFromTheirEncoding() throws {
        #expect(try Action(encoding: JSON(parsing: action.encoding.canonicalBytes)) == action)
        let artifact = Artifact(files: [
            .init(path: "b/c", size: 2, digest: Digest(hashing: "c")), .init(path: "a", size: 1, digest: Digest(hashing: "a")),
        ])
        #expect(artifact.files.map(\.path) == ["a", "b/c"])
        #expect(Artifact(manifest: artifact.manifest) == artifact)
    }

    @Test(arguments: [
        "", "/etc/passwd", "a/../b", "..", "a//b", "a/", ".git/config", "a\nb", "a\\b", ".GIT/x", "../\u{301}x",
        "a/../\u{301}b",
        ".gitattributes", "a/.gitmodules",
    ])
    func unsafePathsAreRefused(path: String) {
        #expect(!Artifact.isPortable(path: path))
        #expect(Artifact(manifest: [["path": .string(path), "size": 0, "sha256": .string(Digest(hashing: "").hex)]]) == nil)
    }
}
