import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// Students and teachers whose vocabularies are not the same: padded to different sizes, or of different tokenizers.
@Suite struct OtherVocabularyTests {
    let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    private func input(_ name: String) -> ModelFolder {
        ModelFolder(workshop.root.appending(path: "inputs/\(name)", directoryHint: .isDirectory))
    }

    private var outputs: URL { workshop.root.appending(path: "outputs", directoryHint: .isDirectory) }

    /// Runs a stage, and keeps its output as an input where a name is given.
    private func run(_ stage: any RunnableStage, as name: String? = nil) throws {
        _ = try workshop.whole(stage)
        guard let name else { return }
        try? FileManager.default.removeItem(at: input(name).url)
        try FileManager.default.copyItem(at: outputs, to: input(name).url)
    }

    private func output(_ file: String) throws -> String {
        try String(contentsOf: outputs.appending(path: file), encoding: .utf8)
    }

    private func losses() throws -> [Double] {
        try output("curve.jsonl").split(separator: "\n").compactMap { try JSON(parsing: String($0))["loss"]?.double }
    }

    private func failure(_ stage: any RunnableStage) -> String {
        do {
            try run(stage)
            return "no failure"
        } catch {
            return "\(error)"
        }
    }

    /// Gives a model's embedding 56 more rows, far larger than all others.
    private func pad(_ name: String) throws {
        let model = try input(name).model()
        var configuration = model.configuration
        configuration.vocabularySize += 56
        var padded = Model(zeros: configuration)
        for (parameter, original) in zip(padded.parameters, model.parameters) {
            let rest = (0..<parameter.count - original.count).map { Float($0 % 7 - 3) }
            try padded.setWeights(model.weights(of: original) + rest, of: parameter)
        }
        try input(name).write(padded)
    }

    /// A model of the workshop's shape with another tokenizer.
    private func initModel(_ name: String, vocabulary: Int) throws {
        let tokenizer = workshop.root.appending(path: "inputs/tokenizer")
        let own = workshop.root.appending(path: "own-tokenizer")
        try FileManager.default.moveItem(at: tokenizer, to: own)
        try run(TokenizerTrain(vocabulary: vocabulary, prompt: .query), as: "tokenizer")
        try run(Self.untrained, as: name)
        try FileManager.default.removeItem(at: tokenizer)
        try FileManager.default.moveItem(at: own, to: tokenizer)
    }

    private static let untrained = ModelInit(
        shape: ModelShape(hidden: 16, layers: 1, heads: 2, kvHeads: 1, intermediate: 24, tied: true), seed: 5)

    private static func training(_ steps: Int = 4) -> TrainingParameters {
        .init(steps: steps, batch: 4, learningRate: 0.01, optimizer: .adamW, warmup: 0.1, weightDecay: 0.01, seed: 3)
    }

    private static func onPolicy(_ loss: [LossTerm], steps: Int = 4) -> KDOnPolicy {
        KDOnPolicy(
            loss: loss, temperature: 1, tokens: 24, fraction: 0.5, samplingTemperature: 0.9, training: training(steps),
            prompt: .query, answer: .call)
    }

    @Test(arguments: [["model"], ["teacher"], ["model", "teacher"]])
    func paddingHasNoPartInDistillation(padded: [String]) throws {
        let stages: [any RunnableStage] = [
            KDTrain(loss: [LossTerm(.reverseKL), LossTerm(.crossEntropy)], training: Self.training()),
            Self.onPolicy([LossTerm(.forwardKL)]),
        ]
        let capture = KDCapture(k: 12, prompt: .query)
        try run(Self.untrained, as: "model")
        try run(capture, as: "logits")
        let expected = try stages.map {
            try run($0)
            return try losses()
        }
        for name in padded { try pad(name) }
        try run(capture, as: "logits")
        for (stage, expected) in zip(stages, expected) {
            try run(stage)
            let found = try losses()
            #expect(found.first == expected.first)
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-3 * abs($1) }, "\(found), not \(expected)")
            if padded.contains("model") {
                #expect(try ModelFolder(outputs).model().configuration.vocabularySize == 280 + 56)
            }
        }
    }

    @Test func paddingIsNeverSampled() throws {
        let stages: [any RunnableStage] = [
            Sample(samples: 2, temperature: 1.2, maxTokens: 12, seed: 4, prompt: .query, answer: .call),
            EvalGenerate(sets: ["test"], maxTokens: 12, prompt: .query, answer: .call),
        ]
        func answers() throws -> [String] {
            try zip(stages, ["rollouts.jsonl", "test.jsonl"]).map { stage, file in
                try run(stage)
                return try output(file)
            }
        }
        let expected = try answers()
        try pad("model")
        #expect(try answers() == expected)
        let reinforcement = RLTrain(rollouts: 4, tokens: 24, training: Self.training(2), prompt: .query)
        try run(reinforcement)
    }

    @Test(
        arguments: [
            [LossTerm(.aligned)], [LossTerm(.aligned, weight: 0.7), LossTerm(.crossEntropy, weight: 0.3)],
            [LossTerm(.universal), LossTerm(.crossEntropy)],
        ])
    func aStudentLearnsFromATeacherOfOtherTokens(loss: [LossTerm]) throws {
        try run(KDCapture(k: 40, prompt: .query), as: "logits")
        try initModel("model", vocabulary: 264)
        #expect(try input("model").tokenizer().vocabularySize != input("teacher").tokenizer().vocabularySize)
        try run(KDTrain(loss: loss, training: Self.training(40)))
        let curve = try losses()
        #expect(try #require(curve.last) < 0.8 * curve[0])
        let tokenizer = try ModelFolder(outputs).tokenizer()
        #expect(tokenizer.vocabularySize == 264)
        try run(Self.onPolicy(loss, steps: 40))
        let own = try losses()
        #expect(own.allSatisfy(\.isFinite) && own.suffix(8).reduce(0, +) < own.prefix(8).reduce(0, +))
    }

    /// A chat model reads its own template, the student its own markup; the ends of their answers are one token.
    @Test func aChatModelTeachesInItsOwnTemplate() throws {
        let teacher = input("teacher").url
        let tokenizer = try String(contentsOf: teacher.appending(path: "tokenizer.json"), encoding: .utf8)
        try tokenizer.replacing("<|", with: "<#").replacing("|>", with: "#>").write(
            to: teacher.appending(path: "tokenizer.json"), atomically: true, encoding: .utf8)
        let settings: JSON = [
            "eos_token": "<#end#>",
            "chat_template": "Be brief.{% for m in messages %}<#user#>{{ m.content }}{% endfor %}<#assistant#>",
        ]
        try settings.canonicalText.write(
            to: teacher.appending(path: "tokenizer_config.json"), atomically: true, encoding: .utf8)
        try run(KDCapture(k: 40, prompt: .query), as: "logits")
        let captured = try CapturedLogits(SafeTensors(reading: input("logits").url.appending(path: KDCapture.logits.name)))
        let prompt = try #require(captured.examples.first).tokens.prefix(captured.examples[0].promptLength)
        let text = try input("teacher").tokenizer().decodeWithSpecialTokens(prompt.map(Int.init))
        #expect(text == "Be brief.<#user#>play song 0<#assistant#>")
        #expect(failure(KDTrain(loss: [LossTerm(.forwardKL)], training: Self.training())).contains("KD[GOLD]"))
        try run(Self.untrained, as: "model")
        try run(KDTrain(loss: [LossTerm(.aligned)], training: Self.training(30)))
        let curve = try losses()
        #expect(try #require(curve.last) < 0.8 * curve[0])
        try run(Self.onPolicy([LossTerm(.aligned)]))
    }

    /// With a student of the same tokens nothing needs a translation: GOLD is the divergence of JSD over all of them.
    @Test func goldOfOneVocabularyIsJSD() throws {
        try run(KDCapture(k: 280, prompt: .query), as: "logits")
        try run(Self.untrained, as: "model")
        try run(KDTrain(loss: [LossTerm(.aligned)], training: Self.training(1)))
        let gold = try losses()
        try run(KDTrain(loss: [LossTerm(.jensenShannon)], training: Self.training(1)))
        #expect(abs(try losses()[0] - gold[0]) < 1e-4 * gold[0])
    }

    @Test func otherLossesSayWhichOnesAllowOtherTokens() throws {
        try initModel("model", vocabulary: 264)
        let words = "the losses ULD and GOLD allow another one"
        #expect(failure(KDTrain(loss: [LossTerm(.forwardKL)], training: Self.training())).contains(words))
        #expect(failure(Self.onPolicy([LossTerm(.forwardKL)])).contains(words))
    }

    @Test func whatCannotBeAlignedIsRefused() throws {
        let mixed = KDTrain(loss: [LossTerm(.aligned), LossTerm(.forwardKL)], training: Self.training())
        #expect(failure(mixed).contains("FKL does not go with ULD or GOLD"))
        let stage = KDTrain(loss: [LossTerm(.aligned)], training: Self.training())
        let data = workshop.root.appending(path: "inputs/data/train.jsonl")
        let rows = try String(contentsOf: data, encoding: .utf8).split(separator: "\n")
        try rows.dropLast().joined(separator: "\n").write(to: data, atomically: true, encoding: .utf8)
        #expect(failure(stage).contains("logits has 150 answers and the student 149"))
        let passage = Row(passage: "play song after song, and then another one", id: "a.txt-1").json.canonicalText
        try (rows.dropLast() + [passage[...]]).joined(separator: "\n").write(to: data, atomically: true, encoding: .utf8)
        #expect(failure(stage).contains("the row 'a.txt-1' is a passage"))
        try FileManager.default.removeItem(at: workshop.root.appending(path: "inputs/data"))
        #expect(failure(stage).contains("need the input 'data'"))
    }
}
