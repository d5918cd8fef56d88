import BuildModel
import CanonicalJSON
import Foundation
import Store

/// A stage commit of a stranger, every part of it as the stranger likes.
enum ForgedLineage {
    /// The parts of a commit that is as Decant writes it.
    static let seed: [UInt8] = {
        let action = Action(
            kind: "data.ingest", revision: 1, parameters: ["format": "text"], inputs: [], numerics: .portable)
        let content = "hello\n"
        let artifact = Artifact(files: [.init(path: "rows.jsonl", size: content.utf8.count, digest: Digest(hashing: content))])
        let parts: JSON = [
            "action": .string(action.encoding.canonicalText), "attributes": "* -text\n", "content": .string(content),
            "name": "rows.jsonl", "mode": "100644", "key": .string(action.key.hex), "tree": "", "header": "",
            "message": .string("\(action.kind)\n\nkey \(action.key)\nartifact \(artifact.digest)\n"),
        ]
        return parts.canonicalBytes
    }()

    /// Writes the commit into a repository and has the store's rules look at it.
    static func check(_ bytes: [UInt8], in folder: URL) throws {
        let parts = try JSON(parsing: bytes)
        func part(_ name: String) -> [UInt8] { Array((parts[name]?.string ?? parts[name]?.canonicalText ?? "").utf8) }
        let objects = try LooseObjects(at: folder.appending(path: "theirs.git", directoryHint: .isDirectory))
        func entry(_ mode: [UInt8], _ name: [UInt8], _ id: [UInt8]) -> [UInt8] { mode + [0x20] + name + [0] + id }
        let plain = Array("100644".utf8)
        let artifact = try objects.write(
            "tree", entry(part("mode"), part("name"), try objects.write("blob", part("content"))) + part("tree"))
        let root = try objects.write(
            "tree",
            entry(plain, Array(".gitattributes".utf8), try objects.write("blob", part("attributes")))
                + entry(plain, Array("action.json".utf8), try objects.write("blob", part("action")))
                + entry(Array("40000".utf8), Array("artifact".utf8), artifact))
        let person = "Decant <lineage@decant.invalid> 946684800 +0000"
        let head = "tree \(LooseObjects.hex(root))\nauthor \(person)\ncommitter \(person)\n"
        let commit = try objects.write("commit", Array(head.utf8) + part("header") + [0x0A] + part("message"))
        _ = try LooseObjects(at: folder.appending(path: "ours.git", directoryHint: .isDirectory))
        let key = String(decoding: part("key"), as: UTF8.self)
        let reference = try SharedReference(
            "refs/decant/actions/\(key.prefix(2))/\(key)", naming: CommitID(hex: LooseObjects.hex(commit)))
        var checked = CommitCheck(
            quarantine: try GitRepository(existing: objects.repository),
            ours: try GitRepository(existing: folder.appending(path: "ours.git", directoryHint: .isDirectory)),
            limits: ReceivingLimits())
        try checked.check([reference])
        try checked.refuseConflicts()
    }
}
