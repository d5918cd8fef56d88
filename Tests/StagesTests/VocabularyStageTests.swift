import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// `prune.vocabulary` on a model whose tokenizer knows more than its rows say.
@Suite struct VocabularyStageTests {
    let workshop: CheckpointWorkshop

    init() throws {
        workshop = try CheckpointWorkshop()
        let texts =
            (0..<300).map { "play song \($0)" } + (0..<300).map { "the weather report of station \($0) tomorrow morning" }
        let tokenizer = folder("inputs/tokenizer")
        try TokenizerTrainer(vocabularySize: 420).train(on: texts).write(to: tokenizer, format: .query)
        try run(
            ModelInit(shape: ModelShape(hidden: 16, layers: 1, heads: 2, kvHeads: 1, intermediate: 24), seed: 5), as: "model")
        try FileManager.default.removeItem(at: tokenizer)
        try copy("inputs/model", to: "inputs/teacher")
    }

    private func folder(_ path: String) -> URL { workshop.root.appending(path: path, directoryHint: .isDirectory) }

    private func copy(_ path: String, to other: String) throws {
        try? FileManager.default.removeItem(at: folder(other))
        try FileManager.default.copyItem(at: folder(path), to: folder(other))
    }

    /// Runs a stage, and keeps its output as an input where a name is given.
    private func run(_ stage: any RunnableStage, as name: String? = nil) throws {
        _ = try workshop.whole(stage)
        if let name { try copy("outputs", to: "inputs/\(name)") }
    }

    private func report() throws -> JSON {
        try JSON(parsing: Data(contentsOf: folder("outputs").appending(path: "vocabulary.json")))
    }

    private func failure(_ stage: any RunnableStage) -> String {
        do {
            try run(stage)
            return "no failure"
        } catch {
            return "\(error)"
        }
    }

    @Test func tokensThatNoRowNeedsGo() throws {
        try run(PruneVocabulary(multiple: 1))
        let (source, pruned) = (ModelFolder(folder("inputs/model")), ModelFolder(folder("outputs")))
        let (before, after) = (try source.tokenizer(), try pruned.tokenizer())
        let report = try report()
        #expect(report["tokens_before"]?.integer == before.vocabularySize)
        #expect(report["tokens_after"]?.integer == after.vocabularySize && after.vocabularySize < before.vocabularySize - 20)
        let removed = 16 * (before.vocabularySize - after.vocabularySize)
        #expect(report["parameters_before"]?.integer == (report["parameters_after"]?.integer).map { $0 + removed })
        #expect(try pruned.model().configuration.vocabularySize == after.vocabularySize)
        // The rows of the test are among those of the training.
        let test = report["sets"]?["test"]
        #expect(test?["rows"] == 70 && test?["longer"] == 0 && test?["tokens_before"] == test?["tokens_after"])
        #expect(after.encode("play song 7").count == before.encode("play song 7").count)
        let other = "the weather report of station 7"
        #expect(after.encode(other).count > before.encode(other).count)
        #expect(after.decode(after.encode(other + " ☂️ 雨")) == other + " ☂️ 雨")
    }

    @Test func whatCameOutIsAModelToTrainAndToAsk() throws {
        try run(PruneVocabulary(multiple: 8), as: "model")
        let training = TrainingParameters(
            steps: 4, batch: 4, learningRate: 0.01, optimizer: .adamW, warmup: 0.1, weightDecay: 0.01, seed: 3)
        try run(TrainSFT(training: training, prompt: .query), as: "model")
        try run(EvalGenerate(sets: ["test"], maxTokens: 6, prompt: .query, answer: .call))
        #expect(try ModelFolder(folder("inputs/model")).tokenizer().vocabularySize.isMultiple(of: 8))
    }

    /// The same tokens leave a teacher, whose logits then teach the student token by token.
    @Test func aTeacherLosesTheTokensOfItsStudent() throws {
        try run(PruneVocabulary(multiple: 1), as: "tokenizer")
        try copy("inputs/teacher", to: "inputs/model")
        try run(PruneVocabulary(), as: "teacher")
        #expect(try report()["tokens_used"] == .null)
        try copy("inputs/tokenizer", to: "inputs/model")
        try run(KDCapture(k: 12, prompt: .query), as: "logits")
        let training = TrainingParameters(
            steps: 4, batch: 4, learningRate: 0.01, optimizer: .adamW, warmup: 0.1, weightDecay: 0.01, seed: 3)
        try run(KDTrain(loss: [LossTerm(.forwardKL)], training: training))
    }

    @Test func anotherTokenizersTokensAreRefused() throws {
        try run(PruneVocabulary(multiple: 1), as: "model")
        // Now the model has fewer tokens than the other one.
        try copy("inputs/teacher", to: "inputs/tokenizer")
        #expect(failure(PruneVocabulary()).contains("which the other one has"))
    }

    @Test func aTextIsADomainToo() throws {
        try FileManager.default.removeItem(at: folder("inputs/data"))
        try run(PruneVocabulary(multiple: 1))
        let tokenizer = try ModelFolder(folder("outputs")).tokenizer()
        let whole = try ModelFolder(folder("inputs/model")).tokenizer()
        let text = (0..<20).map { "play song \($0) again" }.joined(separator: "\n")
        #expect(tokenizer.encode(text).count == whole.encode(text).count)
        #expect(try report()["sets"] == [:])
        try FileManager.default.removeItem(at: folder("inputs/text"))
        #expect(failure(PruneVocabulary()).contains("name the input 'data' or 'text'"))
    }

    @Test func tooFewTokensAreRefused() {
        #expect(failure(PruneVocabulary(vocabulary: .tokens(64))).contains("write 'vocabulary: used', or at least"))
    }
}
