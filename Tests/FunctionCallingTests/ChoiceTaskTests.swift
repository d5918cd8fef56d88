import CanonicalJSON
import Testing
import Words

@testable import Engine

/// The tasks that weigh answers: one of several options, and whether a text fits.
struct ChoiceTaskTests {
    private func row() throws -> Row { Row(id: "a", query: "Pick", options: try RowOptions(["x y", "z"], right: 1)) }

    private func ranked(_ relevance: Double) throws -> Row {
        Row(id: "r", query: "red", ranked: try RankedText("rot", relevance: relevance, group: "g"))
    }

    @Test func aChoiceIsOneOfTheRowsOptions() throws {
        let task = ChoiceTask(Guidance("Choose."))
        let row = try row()
        #expect(task.response(to: row) == "z" && task.options(of: row) == ["x y", "z"])
        #expect(task.verdict(on: "z", for: row, by: .exact) == .accepted)
        #expect(task.verdict(on: " z\n", for: row, by: .ast) == .accepted)
        #expect(task.fault(inRight: " z", to: row) != nil)
        #expect(task.verdict(on: "x y", for: row, by: .ast) == .rejected("the answer is x y where z is right"))
        #expect(task.verdict(on: "q", for: row, by: .ast) == .rejected("the answer is none of the options"))
        #expect(task.shown(row, in: .query).background.instructions == "Choose.")
        #expect(task.shown(row, in: .tools).background.instructions == "Choose.\n\nAnswer with one of these:\nx y\nz")
        let rewards = ["z", "x y", "q"].map { task.reward(for: $0, to: row, in: .call, by: RewardRule()) }
        #expect(rewards[0].isRight && !rewards[1].isRight && rewards[1].isWellFormed && !rewards[2].isWellFormed)
    }

    @Test func aRankSaysWhetherATextFits() throws {
        let task = RankTask()
        let (right, wrong) = (try ranked(2), try ranked(0))
        #expect(task.response(to: right) == "yes" && task.response(to: wrong) == "no")
        #expect(task.shown(right, in: .query).query == "red\n\nrot")
        #expect(task.verdict(on: "yes", for: wrong, by: .ast) == .rejected("the answer is not no"))
        #expect(task.verdict(on: "no ", for: wrong, by: .ast) == .accepted)
        #expect(!task.reward(for: "maybe", to: right, in: .call, by: RewardRule()).isWellFormed)
    }

    @Test func theScoreIsTheShareOfYes() {
        func options(_ yes: Double, _ no: Double) -> [ScoredOption] {
            zip([yes, no], ["yes", "no"]).map {
                ScoredOption(Likelihood(logProbability: $0, tokens: 1, isGreedy: false), of: $1)
            }
        }
        #expect(RankTask.score(options(-1, -1)) == 0.5)
        #expect(abs(RankTask.score(options(PortableMath.log(0.3), PortableMath.log(0.1))) - 0.75) < 1e-12)
        #expect(RankTask.score(options(-1, -2000)) == 1 && RankTask.score(options(-2000, -1)) == 0)
        #expect(RankTask.score([]).isNaN)
    }

    @Test func damagedRowsAreNamed() throws {
        for (text, message) in [
            (#"{"options":["a","b"]}"#, "the row 'a': there are 'options', but no 'right'"),
            (#"{"options":"a","right":0}"#, "the row 'a': 'options' is no list of texts"),
            (#"{"options":["a","b"],"right":5}"#, "the row 'a': the right option is 5"),
            (#"{"ranked":{"text":"a"}}"#, "the row 'a': 'ranked' has no text, relevance and group"),
        ] {
            let members: JSON = ["id": "a", "query": "q", "answers": []]
            let json = JSON.object((members.object ?? [:]).merging(try JSON(parsing: text).object ?? [:]) { $1 })
            let error = #expect(throws: RowError.self) { try Row(json: json) }
            #expect(error?.description.hasPrefix(message) == true, "\(error.map(\.description) ?? "")")
        }
    }

    /// As lm-evaluation-harness divides a text and its continuation.
    @Test func plainTextIsDividedBehindTheContextsTokens() throws {
        let tokenizer = try TokenizerTrainer(vocabularySize: 300).train(on: ["the cat sat on the mat", "answer: the cat"])
        let encoder = PlainTextEncoder(
            tokenizer: tokenizer, start: tokenizer.id(of: .end).map { .init(id: $0, text: "<|end|>") })
        func tokens(_ text: String) -> [Int32] { tokenizer.encode(text).map(Int32.init) }
        let question = try encoder.question("the cat", " sat")
        #expect(question.context == tokens("the cat") && question.context + question.continuation == tokens("the cat sat"))
        // Spaces at the context's end belong to the continuation.
        let moved = try encoder.question("the cat  \n", "sat")
        #expect(moved.context == tokens("the cat") && moved.context + moved.continuation == tokens("the cat  \nsat"))
        let alone = try encoder.question("", "sat")
        let end = try #require(tokenizer.id(of: .end))
        #expect(alone.context == [Int32(end)] && alone.continuation == tokens("sat"))
        #expect(throws: RowError.self) { try encoder.question("the cat", "") }
        #expect(throws: RowError.self) { try PlainTextEncoder(tokenizer: tokenizer, start: nil).question("", "sat") }
    }
}
