import Diagnostics
import Testing
import Words

@testable import Kinds
@testable import RecipeLanguage

/// `judge`, in its short and its long forms.
@Suite struct JudgeSectionTests {
    private func section(_ body: String) throws -> JudgeSection {
        let text = """
            decant: 1
            sources: {functions: {path: f}, script: {path: s}, labels: {path: l}, small: {path: m}}
            data: {generate: {functions: functions, templates: functions}}
            \(body)
            """
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: text))
        return try #require(reading.recipe?.variants.first?.pipeline.judge, "\(reading.diagnostics)")
    }

    @Test(arguments: [
        ("judge: exact", "judge: {kind: exact}"), ("judge: [exact]", "judge: {kind: exact}"),
        ("judge: [format, exact]", "judge: {kind: exact, checks: [format]}"),
        ("judge: [format, ast, {kind: model, from: small}]", "judge: {kind: model, checks: [format, ast], from: small}"),
        (
            "judge: [{kind: exec, command: [check]}, {kind: model, from: small, votes: 3}]",
            "judge: {kind: model, checks: exec, command: [check], from: small, votes: 3}"
        ),
        ("", "judge: {kind: ast, keep: 1}"),
    ])
    func shortFormsAreTheLongOne(short: String, long: String) throws {
        #expect(try section(short).judge == section(long).judge)
    }

    @Test func aReasoningJudgeIsRead() throws {
        let judge = try section(
            """
            judge:
              kind: model
              from: small
              reference: none
              verdict: {pattern: "Verdict: (yes|no)"}
              votes: 5
              temperature: 0.9
              rubric: {grades: 10, threshold: 7, criteria: [The function is right., The arguments are.]}
            """
        ).judge
        var settled = judge
        settled.settle()
        let question = try #require(settled.question)
        #expect(question.reference == .none && question.verdict == .pattern("Verdict: (yes|no)"))
        #expect(question.votes == 5 && question.temperature == 0.9 && question.seed == 7 && question.maxTokens == 512)
        let criteria = ["The function is right.", "The arguments are."]
        #expect(question.rubric == Rubric(grades: 10, threshold: 7, criteria: criteria))
        #expect(
            try question.json == [
                "prompt": "", "reference": "none", "verdict": ["pattern": "Verdict: (yes|no)"], "max_tokens": 512, "votes": 5,
                "temperature": 0.9, "seed": 7,
                "rubric": ["grades": 10, "threshold": 7, "criteria": ["The function is right.", "The arguments are."]],
            ])
    }

    /// A judge that may say more than a word may reason.
    @Test func moreTokensMakeTheLastLineTheVerdict() throws {
        func question(_ fields: String) throws -> ModelQuestion {
            var judge = try section("judge: {kind: model, from: small\(fields)}").judge
            judge.settle()
            return try #require(judge.question)
        }
        #expect(try question(", max_tokens: 1k").verdict == .lastLine)
        #expect(try question(", max_tokens: 1k").maxTokens == 1000)
        #expect(try question(", verdict: json").maxTokens == 512)
        #expect(try question(", verdict: word, max_tokens: 20").verdict == .word)
        #expect(try question("").verdict == .word)
    }

    /// Keys of judges as they were say nothing of what came later.
    @Test func theKeysOfPlainJudgesAreAsTheyWere() throws {
        func json(_ body: String) throws -> String {
            var judge = try section(body).judge
            judge.settle()
            return try judge.json.canonicalText
        }
        #expect(try json("") == #"{"answer":"call","keep":1,"kind":"ast"}"#)
        #expect(
            try json("judge: {kind: model, from: small}")
                == #"{"answer":"call","keep":1,"kind":"model","question":{"prompt":""}}"#)
        #expect(
            try json(#"judge: {kind: model, endpoint: {url: "http://localhost/v1", model: m}, prompt: right?}"#)
                == #"{"answer":"call","keep":1,"kind":"model","question":{"endpoint":{"model":"m"},"prompt":"right?"}}"#)
    }

    @Test func aProgramAndLabelsAreRead() throws {
        let read = try section(
            """
            judge:
              kind: exec
              command: python3 inputs/script/s
              script: script
              time_limit: 2 min
              validate: {labels: labels, agreement: 93%, kappa: 0.8}
            """)
        #expect(read.judge.program == JudgingProgram(command: ["/bin/sh", "-c", "python3 inputs/script/s"], timeLimit: 120))
        #expect(read.script?.value == "script")
        #expect(read.validation?.gate == JudgeGate(agreement: 0.93, kappa: 0.8))
        #expect(try section("judge: {validate: labels}").validation?.labels.value == "labels")
        #expect(try section("judge: {validate: labels}").validation?.gate == .standard)
    }
}
