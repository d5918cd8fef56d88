import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Files from outside, pinned by their digests.
@Suite struct SourceTests {
    static func recipe(url: String, digest: Digest) -> String {
        """
        decant: 1
        name: pinned
        sources: {rows: {http: "\(url)", sha256: \(digest)}}
        data: {ingest: {format: decant, train: rows}, split: {test: 30%}}
        """
    }

    static let rows = (0..<10).map { index in
        #"{"id":"r\#(index)","query":"play song \#(index)","tools":[{"name":"play","parameters":{"type":"object","#
            + #""properties":{}}}],"answers":[{"name":"play","arguments":{}}],"expect":"calls"}"#
    }.joined(separator: "\n")

    @Test func anImportedFileSatisfiesASourceWithoutANetwork() throws {
        // Nothing listens on port 9 of this machine.
        let program = try DecantProgram(
            recipe: Self.recipe(url: "http://127.0.0.1:9/rows.jsonl", digest: Digest(hashing: Self.rows)))
        let refused = try program.run("build", "tiny.yaml", "data", status: 1)
        #expect(refused.errors.contains("cannot be reached"))
        #expect(refused.errors.contains("decant import FILE"))
        try program.write(Self.rows, to: "copy-under-another-name.jsonl")
        try program.run("import", "copy-under-another-name.jsonl")
        let built = try program.run("build", "tiny.yaml", "data", "--json")
        #expect(built.events.last?["ran"] == ["source.rows", "data.rows", "data"])
    }

    /// A file with its digest need not lie beside the recipe; what lies there must be that file.
    @Test func aPinnedPathIsSatisfiedByTheStore() throws {
        let recipe = Self.recipe(url: "", digest: Digest(hashing: Self.rows)).replacing(
            "http: \"\"", with: "path: data/rows.jsonl")
        let program = try DecantProgram(recipe: recipe)
        let missing = try program.run("build", "tiny.yaml", "data", status: 2)
        #expect(missing.errors.contains("data/rows.jsonl is not there") && missing.errors.contains("decant import FILE"))
        try FileManager.default.createDirectory(at: program.folder.appending(path: "data"), withIntermediateDirectories: true)
        try program.write(Self.rows + "\n", to: "data/rows.jsonl")
        let other = try program.run("build", "tiny.yaml", "data", status: 2)
        #expect(other.errors.contains("data/rows.jsonl has the SHA-256") && other.errors.contains("the recipe pins"))
        try FileManager.default.removeItem(at: program.folder.appending(path: "data/rows.jsonl"))
        try program.write(Self.rows, to: "copy-under-another-name.jsonl")
        try program.run("import", "copy-under-another-name.jsonl")
        let built = try program.run("build", "tiny.yaml", "data", "--json")
        #expect(built.events.last?["ran"] == ["source.rows", "data.rows", "data"])
        // Unpinned, and at its place, it is the same source.
        try program.write(Self.rows, to: "data/rows.jsonl")
        try program.edit("tiny.yaml", ", sha256: \(Digest(hashing: Self.rows))", "")
        #expect(try program.run("build", "tiny.yaml", "data", "--json").events.last?["ran"] == [])
    }

    @Test func aDownloadIsCheckedAgainstItsDigest() throws {
        let program = try DecantProgram()
        try program.write(Self.rows, to: "rows.jsonl")
        let server = try FileServer(program.folder)
        defer { server.stop() }
        let url = "http://127.0.0.1:\(server.port)/rows.jsonl"
        try program.write(Self.recipe(url: url, digest: Digest(hashing: "other bytes")), to: "wrong.yaml")
        #expect(
            try program.run("build", "wrong.yaml", "data", status: 1).errors.contains("gave other bytes than the recipe pins"))
        try program.write(Self.recipe(url: url + "x", digest: Digest(hashing: Self.rows)), to: "gone.yaml")
        #expect(try program.run("build", "gone.yaml", "data", status: 1).errors.contains("HTTP status 404"))
        try program.write(Self.recipe(url: url, digest: Digest(hashing: Self.rows)), to: "right.yaml")
        try program.run("build", "right.yaml", "data")
        server.stop()
        // The URL is no part of the key: another one with the same digest is the same source.
        try program.write(
            Self.recipe(url: "http://127.0.0.1:9/rows.jsonl", digest: Digest(hashing: Self.rows)), to: "moved.yaml")
        #expect(try program.run("build", "moved.yaml", "data", "--json").events.last?["ran"] == [])
    }
}
