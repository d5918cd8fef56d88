import CanonicalJSON
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// Rows with options, and rows that rank texts.
@Suite struct ChoiceRowsTests {
    private func rows(_ format: RowFormat, _ lines: [String], task: TaskKind = .choice) throws -> [Row] {
        let texts = ["train.0/q.jsonl": lines.joined(separator: "\n")]
        return try StageRun(DataIngest(format: format, task: task), texts: texts).lines("rows.jsonl").map(Row.init(json:))
    }

    private func failure(_ format: RowFormat, _ line: String, task: TaskKind = .choice) -> String {
        StageRun.failure(DataIngest(format: format, task: task), texts: ["train.0/q.jsonl": line])
    }

    @Test func optionsAreReadWithTheRightOne() throws {
        let rows = try rows(
            .options,
            [
                #"{"id":"a","query":"Pick","options":["x","y"],"reply":"y"}"#,
                #"{"query":"Pick","options":["x","x","z"],"answer":1}"#,
            ])
        #expect(rows.map(\.id) == ["a", "q.jsonl#2"])
        #expect(rows.map { $0.options?.right } == [1, 1])
        #expect(rows.map(\.reply) == ["y", "x"])
        #expect(rows[1].options?.texts == ["x", "x", "z"])
        #expect(try Row(json: rows[1].json) == rows[1])
    }

    @Test func publishedLayoutsBecomeThePromptsOfTheHarness() throws {
        let mmlu = try rows(.mmlu, [#"{"question":" What is 2+2? ","choices":["3","4","5","6"],"answer":1}"#])
        #expect(mmlu[0].query == "What is 2+2?\nA. 3\nB. 4\nC. 5\nD. 6\nAnswer:")
        #expect(mmlu[0].options?.texts == ["A", "B", "C", "D"] && mmlu[0].reply == "B")
        let cmmlu = try rows(
            .cmmlu, [#"{"Question":" 二加二是？ ","A":"三","B":"四","C":"五","D":"六","Answer":"B"}"#])
        #expect(cmmlu[0].query == "二加二是？\nA. 三\nB. 四\nC. 五\nD. 六\n答案：")
        #expect(cmmlu[0].options?.texts == ["A", "B", "C", "D"] && cmmlu[0].reply == "B")
        let arc = try rows(
            .arc, [#"{"id":"m","question":"Why?","choices":{"text":["one","two"],"label":["1","2"]},"answerKey":"2"}"#])
        #expect(arc[0].query == "Question: Why?\nAnswer:" && arc[0].reply == "two")
        let hellaswag = try rows(
            .hellaswag,
            [
                #"{"activity_label":"Cooking","ctx_a":"A man cooks. [title] Then","ctx_b":"he STIRS [header]  it.","#
                    + #""endings":[" and [x] eats.","runs  away"],"label":"1"}"#
            ])
        #expect(hellaswag[0].query == "Cooking: A man cooks.. Then He stirs  it.")
        #expect(hellaswag[0].options?.texts == ["and eats.", "runs away"])
        #expect(hellaswag[0].options?.right == 1)
    }

    /// As it is published: a table whose first column has no name.
    @Test func tablesOfCMMLUAreRead() throws {
        let table = ",Question,A,B,C,D,Answer\n0,\"二, 三？\",一,二,三,四,C\n1,一？,一,二,三,四,A\n"
        let texts = ["train.0/agronomy.csv": table]
        let rows = try StageRun(DataIngest(format: .cmmlu, task: .choice), texts: texts).lines("rows.jsonl")
            .map(Row.init(json:))
        #expect(rows.map(\.id) == ["agronomy.csv#1", "agronomy.csv#2"])
        #expect(rows.map(\.reply) == ["C", "A"])
        #expect(rows[0].query == "二, 三？\nA. 一\nB. 二\nC. 三\nD. 四\n答案：")
    }

    @Test func whatCannotBeAChoiceIsNamedWithItsPlace() {
        for (format, line, message) in [
            (
                .options, #"{"query":"q","options":["x"],"answer":0}"#,
                "q.jsonl, line 1: there are 1 options; a choice needs two"
            ),
            (.options, #"{"query":"q","options":["x",""],"answer":0}"#, "option 2 is empty"),
            (.options, #"{"query":"q","options":["x","y"],"answer":2}"#, "the right option is 2, counted from 0"),
            (.options, #"{"query":"q","options":["x","x"],"reply":"x"}"#, "is several of the options; name its place"),
            (.options, #"{"query":"q","options":["x","y"],"reply":"z"}"#, "the reply 'z' is none of the options"),
            (.options, #"{"query":"q","options":["x",1],"answer":0}"#, "there is no 'options', a list of texts"),
            (.mmlu, #"{"question":"q","choices":["x","y"],"answer":"A"}"#, "'answer' is not the place of a choice"),
            (
                .cmmlu, #"{"Question":"q","A":"w","B":"x","C":"y","D":"z","Answer":"E"}"#,
                "the Answer 'E' is none of the letters"
            ),
            (.arc, #"{"question":"q","choices":{"text":["x","y"],"label":["A","B"]},"answerKey":"C"}"#, "the answerKey 'C'"),
            (.hellaswag, #"{"activity_label":"a","ctx_a":"b","ctx_b":"c","endings":["x","y"],"label":""}"#, "'label' is not"),
            (.openai, #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#, "has no options"),
        ] as [(RowFormat, String, String)] {
            let failure = failure(format, line)
            #expect(failure.contains(message), "\(failure)")
        }
        let asCalls = failure(.options, #"{"query":"q","options":["x","y"],"answer":0}"#, task: .calls)
        #expect(asCalls.contains("has options; write 'task: choice' in the recipe"), "\(asCalls)")
    }

    @Test func rowsPairsAndListsAreRanked() throws {
        let rows = try rows(
            .ranking,
            [
                #"{"id":"a","query":"red","document":"rot","relevance":2,"group":7}"#,
                #"{"query":"red","document":"blau","relevance":false}"#,
                #"{"id":"p","query":"dog","better":"Hund","worse":"Katze"}"#,
                #"{"id":"l","query":"cat","documents":[{"text":"Hund","relevance":0},{"text":"Katze","relevance":1.5}]}"#,
            ], task: .rank)
        #expect(rows.map(\.id) == ["a", "q.jsonl#2", "p/1", "p/2", "l/1", "l/2"])
        #expect(rows.map { $0.ranked?.relevance } == [2, 0, 1, 0, 0, 1.5])
        #expect(rows.map { $0.ranked?.group } == ["7", "red", "p", "p", "l", "l"])
        #expect(try Row(json: rows[5].json) == rows[5])
        for (line, message) in [
            (#"{"query":"q","document":"d","relevance":-1}"#, "q.jsonl, line 1: the relevance is -1.0; it must be 0 or more"),
            (#"{"query":"q","document":"d"}"#, "there is no 'relevance', a number"),
            (#"{"query":"q","better":"d"}"#, "there is no 'worse', a text"),
            (#"{"query":"q","documents":[]}"#, "'documents' is no list of documents"),
            (#"{"document":"d","relevance":1}"#, "there is no 'query', a text"),
        ] {
            let failure = failure(.ranking, line, task: .rank)
            #expect(failure.contains(message), "\(failure)")
        }
        let asText = failure(.ranking, #"{"query":"q","document":"d","relevance":1}"#, task: .calls)
        #expect(asText.contains("ranks a text; write 'task: rank' in the recipe"), "\(asText)")
    }

    @Test func functionsAreRankedForTheRowsThatCallThem() throws {
        let tools = ["play", "stop", "pause", "skip"].map {
            #"{"name":"\#($0)_it","description":"\#($0)s","parameters":{"type":"object","properties":{"song":{"type":"string"}}}}"#
        }
        func line(_ id: String, _ name: String) -> String {
            #"{"id":"\#(id)","query":"\#(id)!","tools":[\#(tools.joined(separator: ","))],"#
                + #""answers":[{"name":"\#(name)_it","arguments":{}}],"expect":"calls"}"#
        }
        let texts = ["train.0/a.jsonl": line("a", "play"), "test.0/b.jsonl": line("b", "skip")]
        let run = try StageRun(DataIngest(task: .rank, negatives: 2), texts: texts)
        let rows = try run.lines("rows.jsonl").map(Row.init(json:))
        #expect(rows.count { $0.set == "train" } == 3)
        #expect(rows.filter { $0.set == "test" }.map(\.id) == ["b/skip_it", "b/pause_it", "b/play_it", "b/stop_it"])
        #expect(rows.filter { $0.ranked?.isRelevant == true }.map(\.id) == ["a/play_it", "b/skip_it"])
        #expect(rows[0].ranked?.text == "play it\nplays" && rows[0].ranked?.group == "a")
        #expect(try run.json("functions.json") == [])
        #expect(try run.json("task.json")["kind"] == "rank")
    }
}
