import BuildModel
import Engine
import Foundation
import Stages
import Store

/// The rows behind an artifact: its own where it is data, else those that it was made with.
struct StoredData {
    let name: String
    let artifact: Artifact
    private let target: StoredTarget
    private let store: Store

    /// `nil` where nothing in the artifact's lineage is data.
    init?(behind target: StoredTarget, in store: Store) throws {
        (self.target, self.store) = (target, store)
        if target.record.artifact.isData {
            (name, artifact) = (target.name, target.record.artifact)
            return
        }
        let history = ModelHistory(try store.lineage(of: target.record), of: target.record.commit)
        guard let record = history.data else { return nil }
        name = try StageNames(around: target, in: store)[record.commit]
        artifact = record.artifact
    }

    /// Reads the rows; lengths are counted in tokens too where a tokenizer is at hand.
    func profile() throws -> DataProfile {
        let folder = URL.temporaryDirectory.appending(path: "decant-rows-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        try store.materialize(artifact, at: folder.appending(path: "rows"))
        return try DataProfile(
            of: folder.appending(path: "rows"), tokenizer: tokenizer(in: folder.appending(path: "tokenizer")))
    }

    /// The artifact's own tokenizer, else that of its build.
    private func tokenizer(in folder: URL) throws -> Tokenizer? {
        var candidates = [target.record.artifact]
        for commit in [target.build?.commit(of: "tokenizer"), target.build?.targets.last?.commit].compactMap({ $0 }) {
            if let record = try store.stageCommit(commit.hex) { candidates.append(record.artifact) }
        }
        guard let artifact = candidates.first(where: { $0["tokenizer.json"] != nil }) else { return nil }
        try store.copyTexts(of: artifact, to: folder)
        return try? ModelFolder(folder).tokenizer()
    }
}

extension Artifact {
    /// Whether it is functions and rows.
    var isData: Bool { self[DataFiles.functions.name] != nil && files.contains { $0.path.hasSuffix(".jsonl") } }
}
