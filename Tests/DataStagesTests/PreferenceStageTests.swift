import CanonicalJSON
import Engine
import Foundation
import Testing

@testable import Kinds
@testable import Stages

@Suite struct PreferenceStageTests {
    private static func lines(_ responses: [(String, String)]) -> String {
        responses.map { JSON.object(["id": .string($0.0), "response": .string($0.1)]).canonicalText }.joined(separator: "\n")
    }

    private static func pairs(accepted: [(String, String)], rejected: [(String, String)]) throws -> [String] {
        let folder = URL.temporaryDirectory.appending(path: "decant-pairs-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = [
            "data/train.jsonl": ["a", "b", "c"].map { Row(id: $0, query: $0, answers: []).json.canonicalText }
                .joined(separator: "\n"),
            "judged/accepted.jsonl": lines(accepted), "judged/rejected.jsonl": lines(rejected),
        ]
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let context = StageContext(inputs: folder, outputs: folder, threads: 1, reportProgress: { _ in })
        return try JudgedResponses(in: context).preferences.map { "\($0.row.id): \($0.accepted) > \($0.rejected)" }
    }

    @Test func everyResponseOfARowWithBothIsInAPair() throws {
        let found = try Self.pairs(
            accepted: [("b", "1"), ("a", "1"), ("c", "1"), ("b", "2")],
            rejected: [("b", "x"), ("a", "x"), ("b", "y"), ("a", "x"), ("b", "z")])
        // In the rows' order; equal texts count once; a row without a rejected response has no pair.
        #expect(found == ["a: 1 > x", "b: 1 > x", "b: 2 > y", "b: 1 > z"])
    }

    @Test func aTextThatIsAcceptedElsewhereIsNotRejected() throws {
        // Rejected once for not ending.
        #expect(try Self.pairs(accepted: [("a", "1")], rejected: [("a", "1")]) == [])
        #expect(try Self.pairs(accepted: [("a", "1")], rejected: [("a", "1"), ("a", "2")]) == ["a: 1 > 2"])
    }

    @Test func aResponseToNoTrainingRowIsNamed() throws {
        #expect(throws: StageFailure.self) { try Self.pairs(accepted: [("d", "1")], rejected: []) }
    }
}
