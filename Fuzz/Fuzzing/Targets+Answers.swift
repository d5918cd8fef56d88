import Archives
import BuildModel
import CanonicalJSON
import Fetching
import Foundation
import Sharing
import Store

extension FuzzTarget {
    /// What servers answer, and archives.
    static let answers: [FuzzTarget] = [
        FuzzTarget("answer.lfs", .json, seeds: [Seeds.batchAnswer], words: ["download", "upload", "https://", "\u{1B}"]) {
            bytes, _ in
            guard let server = URL(string: "https://host/x") else { return }
            _ = try LFSBatch.items(in: bytes, for: .download, server: server)
        },
        FuzzTarget("answer.chat", .json, seeds: [Seeds.chatAnswer], words: ["assistant", "tool_calls"]) { bytes, _ in
            let question = ChatQuestion(model: "m", messages: [], tools: ChatTools([]), temperature: 0, maxTokens: 8, seed: 1)
            let exchange = ChatExchange(question, answer: try JSON(parsing: bytes))
            _ = exchange.usage
            _ = ChatExchange(line: exchange.json.canonicalBytes)
        },
        FuzzTarget("answer.hub", .json, seeds: [Seeds.hubAnswer], words: ["../", "siblings"]) { bytes, _ in
            _ = HubDescription(bytes)
        },
        FuzzTarget("archive", seeds: [Seeds.tar, Seeds.zip], words: ["../", "/", "ustar", "PK"]) { bytes, folder in
            try Seeds.write(["a": bytes], in: folder)
            _ = try Archive(folder.appending(path: "a"), limits: Archive.Limits(bytes: 32 << 20))
                .extract(into: folder.appending(path: "out"), where: { _ in true })
        },
    ]

    /// What a store receives.
    static let store: [FuzzTarget] = [
        FuzzTarget(
            "commit", .json, seeds: [ForgedLineage.seed], words: ["../", "refs/heads/", "encoding x\n", "gpgsig -----BEGIN"]
        ) { bytes, folder in
            try ForgedLineage.check(bytes, in: folder)
        },
        FuzzTarget("pointer", seeds: [Seeds.pointer], words: ["oid sha256:", "size "]) { bytes, _ in _ = LFSPointer(bytes) },
        FuzzTarget("manifest", .json, seeds: [Seeds.manifest]) { bytes, _ in
            _ = try Artifact(manifest: JSON(parsing: bytes))?.size
        },
    ]
}
