import CanonicalJSON
import Engine
import Foundation
import TestSupport
import Testing

@testable import Kinds
@testable import Stages

@Suite struct CapturedLogitsTests {
    private let temporary = TemporaryFolder()
    private var folder: URL { temporary.url }
    private var file: URL { folder.appending(path: KDCapture.logits.name) }

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    /// Positions of k logits each, tokens up to a vocabulary's end.
    private static func teacher(positions: Int, k: Int, vocabulary: Int) -> TeacherLogits {
        var (logits, sums): ([Float], [Float]) = ([], [])
        for position in 0..<positions {
            let shift = Float(position) * 0.01
            for place in 0..<k { logits.append(7.25 - Float(place) * 0.37193 - shift) }
            sums.append(8.5 - shift)
        }
        var tokens = (0..<positions * k).map { Int32((7919 * $0) % (vocabulary - 1)) }
        tokens[0] = Int32(vocabulary - 1)
        return TeacherLogits(
            k: k, topTokens: tokens, topLogits: logits, logSumExp: sums, logRest: [Float](repeating: -3.25, count: positions))
    }

    private static func example(responses: Int, k: Int = 2, vocabulary: Int = 40, prompt: Int = 2) -> TrainingExample {
        TrainingExample(
            tokens: (0..<Int32(responses + prompt)).map { $0 % 40 }, promptLength: prompt,
            teacher: teacher(positions: responses, k: k, vocabulary: vocabulary))
    }

    private func writtenAndRead(_ examples: [TrainingExample]) throws -> [TrainingExample] {
        try SafeTensors.write(CapturedLogits(examples).tensors, to: file)
        return try CapturedLogits(SafeTensors(reading: file)).examples
    }

    @Test(arguments: [(2, 40), (16, 300), (64, 512), (64, 49_152), (3, 151_936), (64, 262_144)])
    func theyComeBackAndProbabilitiesWithinAThousandth(k: Int, vocabulary: Int) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let examples = [3, 1, 8].map { Self.example(responses: $0, k: k, vocabulary: vocabulary) }
        let read = try writtenAndRead(examples)
        #expect(read.map(\.tokens) == examples.map(\.tokens))
        #expect(read.map(\.promptLength) == examples.map(\.promptLength))
        for (read, written) in zip(read, examples) {
            let (read, written) = (try #require(read.teacher), try #require(written.teacher))
            #expect(read.topTokens == written.topTokens)
            #expect(read.logRest == written.logRest)
            for (entry, logit) in written.topLogits.enumerated() {
                let probability = exp(Double(logit) - Double(written.logSumExp[entry / k]))
                let found = exp(Double(read.topLogits[entry]) - Double(read.logSumExp[entry / k]))
                #expect(abs(found / probability - 1) < 5e-4)
            }
        }
    }

    /// The whole file over the response's tokens, prompts of 30 and answers of 25 tokens.
    @Test(arguments: [(512, 225), (49_152, 285), (151_936, 300)])
    func sixtyFourLogitsTakeAtMostThreeHundredBytesAToken(vocabulary: Int, most: Int) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let examples = (0..<40).map { _ in Self.example(responses: 25, k: 64, vocabulary: vocabulary, prompt: 30) }
        try SafeTensors.write(CapturedLogits(examples).tensors, to: file)
        let size = try Data(contentsOf: file).count
        #expect(size <= most * 40 * 25, "\(Double(size) / 1000) bytes a token")
    }

    @Test func logitsFarBelowTheLargestStayBelowIt() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var example = Self.example(responses: 1)
        example.teacher?.topLogits = [50, -400]
        #expect(try writtenAndRead([example])[0].teacher?.topLogits == [0, -65535.0 / 1024])
    }

    @Test func damagedOnesAreRefused() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let tensors = CapturedLogits([Self.example(responses: 3), Self.example(responses: 2)]).tensors
        let damages: [(String, StoredTensor)] = [
            ("row_offsets", StoredTensor([0, 9, 9] as [Int64], shape: [3])),
            ("row_offsets", StoredTensor([0, -1, 9] as [Int64], shape: [3])),
            ("row_offsets", StoredTensor([0, 5, 1 << 60] as [Int64], shape: [3])),
            ("prompt_lengths", StoredTensor([0, 2] as [Int32], shape: [2])),
            ("prompt_lengths", StoredTensor([2] as [Int32], shape: [1])),
            ("position_offsets", StoredTensor([0, 4, 5] as [Int64], shape: [3])),
            ("log_sum_exp", StoredTensor([0.0], shape: [1])), ("log_rest", StoredTensor([0.0], shape: [1])),
            ("token_bits", StoredTensor([0] as [Int32], shape: [1])), ("token_bits", StoredTensor([32] as [Int32], shape: [1])),
            ("top_tokens", StoredTensor([1, 2] as [UInt8], shape: [1, 2])),
            ("tokens", StoredTensor([1] as [UInt8], shape: [1])),
            ("top_differences", StoredTensor([1, 2] as [UInt16], shape: [1, 2])),
        ]
        for (name, tensor) in damages {
            try SafeTensors.write(tensors.merging([name: tensor]) { $1 }, to: file)
            #expect(throws: ModelFileError.self, "\(name)") { try CapturedLogits(SafeTensors(reading: file)) }
        }
    }

    @Test func anEarlierRevisionsFileIsNamed() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try SafeTensors.write(["top_logits": StoredTensor([1.0], shape: [1, 1])], to: file)
        #expect {
            _ = try CapturedLogits(SafeTensors(reading: file))
        } throws: {
            "\($0)".contains("earlier revision of kd.capture")
        }
    }
}

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
        return try JudgedResponses(in: context).preferences.map { pair in
            "\(pair.row.id): \(pair.accepted.response) > \(pair.rejected.response)"
        }
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
