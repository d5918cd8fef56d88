import CanonicalJSON
import Engine
import Foundation
import Stages
import TestSupport
import Testing

/// Imported chat models that call functions in a form of their own: they teach, are measured, are asked and are exported in it.
@Suite struct NativeAnswerBuildTests {
    private static let recipe = """
        decant: 1
        name: tiny
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
          chat: {path: ./chat}
        data:
          generate: {functions: functions, templates: utterances, count: 400, seed: 3}
          split: {test: 15%, ood: {functions: [find_phone]}}
        teacher: {from: chat, transfer: "SFT(steps: 150, optimizer: muon, learning_rate: 0.004)"}
        student: {init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128}}
        judge: {kind: ast}
        sample: {samples: 2, temperature: 0.7}
        transfer: "RFT(steps: 120)+KD[0.5FKL+0.5CE](steps: 40)"
        prune: none
        quantize: none
        evaluate: {sets: [test]}
        """

    /// The tiny domain with a chat model that was drawn at random.
    private static func program(_ template: ToolTemplate, answer: String? = nil) throws -> DecantProgram {
        let program = try DecantProgram(recipe: recipe)
        if let answer { try program.edit("tiny.yaml", "{from: chat, ", "{from: chat, answer: \(answer), ") }
        let url = program.folder.appending(path: "chat", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        let domain = try ["functions.yaml", "utterances.yaml"].map {
            try String(contentsOf: program.folder.appending(path: $0), encoding: .utf8)
        }
        let calls = ["kitchen", "bedroom", "hall", "on", "off", "jazz", "classics"].map {
            template.call.replacing("Ann's", with: $0).replacing("level", with: "degrees").replacing("40", with: "21")
        }
        let trained = try TokenizerTrainer(vocabularySize: 420, specialTokens: template.specialTokens).train(
            on: Array(repeating: domain + calls, count: 8).flatMap { $0 })
        var tokenizer = trained.tokenizerJSON.object ?? [:]
        let added = template.addedTokens.enumerated().map { number, content -> JSON in
            ["id": .count(trained.vocabularySize + number), "content": .string(content), "special": false]
        }
        tokenizer["added_tokens"] = .array((tokenizer["added_tokens"]?.array ?? []) + added)
        var configuration = try ModelConfiguration(
            vocabularySize: trained.vocabularySize + added.count, hiddenSize: 64, layerCount: 2, headCount: 4,
            keyValueHeadCount: 2, intermediateSize: 128, tiesEmbeddings: true)
        configuration.controlTokens = ControlTokens(end: [0] + ["<|eot_id|>"].compactMap { trained.id(of: $0) })
        try ModelFolder(url).write(Model(initializing: configuration, seed: 4))
        try program.write(JSON.object(tokenizer).canonicalText, to: "chat/tokenizer.json")
        let settings: JSON = [
            "chat_template": .string(template.text), "eos_token": .string(template.specialTokens[0]),
            "bos_token": .string(template.specialTokens[1]),
        ]
        try program.write(settings.canonicalText, to: "chat/tokenizer_config.json")
        return program
    }

    /// The lines of a file of an exported artifact.
    private static func lines(_ program: DecantProgram, _ stage: String, _ file: String) throws -> [JSON] {
        let folder = "export-\(stage)"
        if !FileManager.default.fileExists(atPath: program.folder.appending(path: folder).path) {
            try program.run("export", stage, folder)
        }
        let text = try String(contentsOf: program.folder.appending(path: "\(folder)/\(file)"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    }

    private static func accepted(_ program: DecantProgram, _ stage: String) throws -> Double {
        let scores = try #require(try program.run("show", stage, "--json").events.first?["metrics"]?["scores.json"])
        return try #require(scores["sets"]?["test"]?["ar"]?.double)
    }

    @Test(arguments: ["hermes", "llama"]) func aChatModelTeachesAndIsMeasuredInItsForm(form: String) throws {
        let template = try #require(ToolTemplate.named(form))
        let program = try Self.program(template)
        #expect(try program.build()["failed"] == [])
        let start = try #require(template.call.split(separator: "\"set_light").first).description
        // What the teacher said, and the calls that the judge read.
        let samples = try Self.lines(program, "teacher.samples", "rollouts.jsonl")
        let right = samples.filter { $0["response"]?.string?.hasPrefix(#"[{"name":"#) == true }
        #expect(right.count > samples.count / 2, "\(right.count) of \(samples.count)")
        #expect(right.allSatisfy { $0["native"]?["text"]?.string?.hasPrefix(start) == true && $0["fault"] == nil })
        let judged = try Self.lines(program, "teacher.judged", "accepted.jsonl")
        #expect(judged.count > 20 && judged.allSatisfy { $0["native"]?["form"]?.string == form })
        // The student has the teacher's tokenizer and its form.
        let answers = try Self.lines(program, "student.rft.kd.answers", "test.jsonl")
        #expect(answers.contains { $0["native"]?["text"]?.string?.hasPrefix(start) == true })
        #expect(try Self.accepted(program, "student.rft.kd.scores") > 0.3)
        // A person sees the calls.
        let run = try program.run("run", "student.rft.kd", "kitchen light on", "--json")
        let answer = try #require(run.events.first)
        #expect(answer["valid"] == true && answer["response"]?.string?.hasPrefix("[{") == true, "\(answer)")
        #expect(try program.run("show", "chat.model").output.contains("  calls       in its own form, '\(form)'"))
        // What is exported is served as the template says.
        try program.run("export", "student.rft.kd", "served")
        let settings = try JSON(
            parsing: Data(contentsOf: program.folder.appending(path: "served/tokenizer_config.json")))
        #expect(settings["chat_template"]?.string == template.text && settings["decant_calls"]?.string == form)
        #expect(try program.build()["ran"] == [])
    }

    /// Every way to learn, to prune and to quantize teaches and reads the form.
    @Test func everyStrategyKeepsTheForm() throws {
        let program = try Self.program(.hermes)
        try program.edit(
            "tiny.yaml", "RFT(steps: 120)+KD[0.5FKL+0.5CE](steps: 40)",
            "SFT(steps: 120)+oKD(steps: 2, tokens: 48)+RL(steps: 2, tokens: 48)+DPO(steps: 2)")
        try program.edit("tiny.yaml", "prune: none", "prune: {method: depth, ratio: 20%, recover: \"KD(steps: 10)\"}")
        try program.edit("tiny.yaml", "quantize: none", "quantize: {scheme: W4A16, method: gptq, group_size: 32}")
        try program.edit("tiny.yaml", "evaluate: {sets: [test]}", "evaluate: {sets: [test], constrained: true}")
        try program.edit("tiny.yaml", "sample: {samples: 2, temperature: 0.7}", "sample: {samples: 3, temperature: 1.2}")
        let done = try program.build()
        #expect(done["failed"] == [])
        for stage in done.strings("ran") where stage.hasSuffix(".answers") {
            let answers = try Self.lines(program, stage, "test.jsonl")
            #expect(answers.allSatisfy { $0["native"]?["form"] == "hermes" && $0["fault"] == nil }, "\(stage)")
        }
        let rewards = try Self.lines(program, "student.sft.okd.rl", "curve.jsonl")
        #expect(rewards.contains { ($0["right"]?.double ?? 0) > 0 }, "\(rewards)")
    }

    @Test func decantsFormIsAWord() throws {
        let program = try Self.program(.hermes, answer: "decant")
        try program.run("build", "tiny.yaml", "teacher.samples")
        let samples = try Self.lines(program, "teacher.samples", "rollouts.jsonl")
        #expect(samples.allSatisfy { $0["native"] == nil })
        #expect(samples.contains { $0["response"]?.string?.hasPrefix(#"[{"name":"#) == true })
    }

    /// A student with a tokenizer of its own learns the calls in Decant's form.
    @Test func aStudentOfAnotherFamilyLearnsTheCalls() throws {
        let program = try Self.program(.hermes)
        try program.edit("tiny.yaml", "RFT(steps: 120)+KD[0.5FKL+0.5CE](steps: 40)", "RFT(steps: 150)")
        try program.edit("tiny.yaml", "prune: none", "tokenizer: {vocabulary: 300}\nprune: none")
        #expect(try program.build()["failed"] == [])
        let answers = try Self.lines(program, "student.rft.answers", "test.jsonl")
        #expect(answers.allSatisfy { $0["native"] == nil })
        #expect(answers.contains { $0["response"]?.string?.hasPrefix(#"[{"name":"#) == true })
        #expect(try Self.accepted(program, "student.rft.scores") > 0.3)
    }

    @Test func aFormThatIsNotKnownIsRefusedAtImport() throws {
        let program = try Self.program(.hermes, answer: "native")
        let settings = program.folder.appending(path: "chat/tokenizer_config.json")
        let text = try String(contentsOf: settings, encoding: .utf8).replacing("<tool_call>", with: "<call>")
        try program.write(text, to: "chat/tokenizer_config.json")
        let failed = try program.run("build", "tiny.yaml", "chat.model", status: 1)
        #expect(
            failed.errors.contains(
                "the model cannot call functions in a form of its own: no known form reads the call that it writes"),
            "\(failed.errors)")
        try program.edit("tiny.yaml", "answer: native, ", "")
        try program.run("build", "tiny.yaml", "chat.model")
        let shown = try #require(try program.run("show", "chat.model", "--json").events.first)
        #expect(shown["calls"] == .null && shown["files"] != nil)
    }

    /// One tokenizer, two forms: logits would be of other tokens than the student's answers.
    @Test func logitsOfAnotherFormAreRefused() throws {
        let program = try Self.program(.hermes, answer: "decant")
        try program.edit(
            "tiny.yaml", "student: {init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128}}",
            "student: {from: chat}")
        try program.edit("tiny.yaml", "RFT(steps: 120)+KD[0.5FKL+0.5CE](steps: 40)", "KD(steps: 4)")
        let failed = try program.run("build", "tiny.yaml", status: 1)
        #expect(
            failed.errors.contains(
                "the teacher calls functions in Decant's form, and the student in its own form 'hermes'"), "\(failed.errors)")
        // Where both are written, nothing needs to run to see it.
        try program.edit("tiny.yaml", "student: {from: chat}", "student: {from: chat, answer: native}")
        let checked = try program.run("check", "tiny.yaml", status: 2)
        #expect(checked.errors.contains("'KD' compares logits of answers in different forms"), "\(checked.errors)")
    }
}
