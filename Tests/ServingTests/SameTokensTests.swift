import CanonicalJSON
import TestSupport
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Serving
@testable import Stages

/// A server asks a model what training asked it, and tells of its answers what evaluation finds, bit for bit.
@Suite(.mustEnd) struct SameTokensTests {
    private func tokens(_ json: JSON?) throws -> [Int32] {
        try #require(json?.array).map { Int32(try #require($0.integer)) }
    }

    /// 1,008 prompts in all.
    @Test(arguments: AskedManner.allCases)
    func promptsHaveTheTokensOfTraining(manner: AskedManner) throws {
        let both = try StagesAndServer(manner, rows: 126)
        let trained = try both.trainedPrompts()
        try #require(trained.count == both.rows.count && Set(trained).count > 90)
        for (row, wanted) in zip(both.rows, trained) {
            let json = try both.ask(row, ["max_tokens": 1, "constrained": false])
            #expect(try tokens(json["prompt_token_ids"]) == wanted, "\(row.json.canonicalText)")
        }
    }

    /// Of two calls, the results say not whose they are; some messages are empty, and some are examples.
    @Test func aConversationIsReadAsTrainingReadsChats() throws {
        func call(_ id: String) -> JSON {
            [
                "id": .string(id), "type": "function",
                "function": ["name": "tell_time", "arguments": "{\"zone\": 1.0, \"at\": 2}"],
            ]
        }
        let asked: [JSON] = [
            ["role": "system", "content": ""], ["role": "system", "name": "example_user", "content": "hall light"],
            ["role": "system", "name": "example_assistant", "content": "[]"], ["role": "developer", "content": "Be brief."],
            ["role": "system", "content": " Be kind. "], ["role": "user", "content": "first"],
            ["role": "assistant", "content": nil, "tool_calls": [call("a"), call("b")]], ["role": "tool", "content": "1"],
            ["role": "tool", "content": "2"], ["role": "assistant", "content": "done"],
            ["role": "user", "content": [["type": "text", "text": "and "], ["type": "text", "text": "now?"]]],
            ["role": "assistant", "content": "wait", "tool_calls": [call("c")]],
            ["role": "tool", "tool_call_id": "c", "content": "3"],
        ]
        let answer: JSON = ["role": "assistant", "content": "It is three."]
        let parts = try ChatReader.parts(of: ["messages": .array(asked + [answer]), "tools": ServedFixture.tools])
        guard case .row(let row, _)? = parts.last else {
            Issue.record("the last turn is no row")
            return
        }
        let read = try ChatConversation(.array(asked))
        #expect(read.query == row.query && read.background == row.background)
        #expect(read.background.context.map(\.callID) == [nil, nil, "a", "b", nil])
    }

    @Test(arguments: AskedManner.allCases)
    func answersAndTheirLikelihoodsAreThoseOfEvaluation(manner: AskedManner) throws {
        let both = try StagesAndServer(manner, rows: 16)
        let prompts = both.convention.prompts
        try #require(prompts.tokenizer.vocabularySize > 512)
        var stage = EvalGenerate(sets: ["test"], maxTokens: 24, prompt: manner.style, answer: .call)
        stage.constrained = both.convention.task.kind != .text
        for (row, answer) in zip(both.rows, try both.answers(of: stage)) {
            let json = try both.ask(row, ["max_tokens": 24, "logprobs": true])
            let choice = try #require(json["choices"]?[0])
            let said = try tokens(choice["token_ids"])
            let end: GeneratedSequence.End = choice["finish_reason"] == "length" ? .limit : .stopToken
            #expect(prompts.response(of: GeneratedSequence(tokens: said, end: end)).text == answer.response)
            let told = try #require(choice["logprobs"]?["content"]?.array).map { Float(try #require($0["logprob"]?.double)) }
            let found = try both.likelihoods(of: said, after: tokens(json["prompt_token_ids"])).map { Float($0) }
            #expect(told.map(\.bitPattern) == found.map(\.bitPattern))
        }
    }

    @Test(arguments: [PromptStyle.query, .tools])
    func chosenOptionsHaveTheLikelihoodsOfEvaluation(style: PromptStyle) throws {
        let options = ["in the hall", "good", "what time is it", "good bad fine"]
        let rows = try (0..<12).map { number in
            Row(id: "\(number)", query: "which \(number)?", options: try RowOptions(options.shuffled(by: number), right: 0))
        }
        let both = try StagesAndServer(rows, TaskDescription(.choice, instructions: "Choose."), style: style)
        for (row, answer) in zip(rows, try both.answers(of: EvalLikelihood(sets: ["test"], prompt: style))) {
            let texts = try #require(row.options?.texts)
            let json = try both.post(
                "/v1/classify", ["input": [.string(row.query)], "options": .array(texts.map(JSON.string))])
            let best = try #require(texts.firstIndex(of: answer.response))
            #expect(json["data"]?[0]?["label"]?.string == answer.response)
            let wanted = try #require(answer.options)[best].logProbability
            #expect(try #require(json["data"]?[0]?["log_probability"]?.double).bitPattern == wanted.bitPattern)
        }
    }

    @Test(arguments: [PromptStyle.query, .tools])
    func rankedTextsHaveTheScoresOfEvaluation(style: PromptStyle) throws {
        let rows = try (0..<12).map { number in
            Row(id: "\(number)", query: "the hall?", ranked: try RankedText("text \(number * 7)", relevance: 1, group: "a"))
        }
        let both = try StagesAndServer(rows, TaskDescription(.rank), style: style)
        let found = try both.answers(of: EvalLikelihood(sets: ["test"], prompt: style))
        let texts = rows.compactMap { $0.ranked.map { JSON.string($0.text) } }
        let json = try both.post("/v1/rerank", ["query": "the hall?", "documents": .array(texts)])
        let results = try #require(json["results"]?.array)
        #expect(results.count == rows.count)
        for result in results {
            let index = try #require(result["index"]?.integer)
            let wanted = RankTask.score(try #require(found[index].options))
            #expect(try #require(result["relevance_score"]?.double).bitPattern == wanted.bitPattern)
        }
    }
}

extension [String] {
    /// The texts in another order for each number.
    fileprivate func shuffled(by number: Int) -> [String] {
        var random = TestRandom(seed: UInt64(number))
        return shuffled(using: &random)
    }
}
