import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Models of the store answer queries, from wherever these come.
@Suite struct RunTests {
    let program: DecantProgram

    init() throws { program = try LineageWorkshop.built().program }

    private func run(_ arguments: [String], input: String = "", status: Int32 = 0) throws -> DecantProgram.Result {
        let environment = ProcessInfo.processInfo.environment
        let run = try ProgramRun(
            [Checkout.program.path, "run"] + arguments, in: program.folder,
            environment: ["DECANT_CACHE": "cache", "HOME": program.folder.path, "PATH": environment["PATH"] ?? ""],
            input: Data(input.utf8))
        try #require(run.status == status, "\(run.errors)")
        return .init(status: run.status, output: run.output, errors: run.errors)
    }

    @Test func functionsComeFromTheLineageAndAnswersAreHeldToThem() throws {
        let result = try run(["student.kd", "what time is it"])
        #expect(try JSON(parsing: result.output).array != nil)
        #expect(result.errors == "")
        let json = try #require(try run(["student.kd", "kitchen light on", "--json"]).events.first)
        #expect(json["query"] == "kitchen light on" && json["valid"] == true && json["why"] == .null)
        #expect(json["calls"]?.array != nil)
        #expect(json["prompt_tokens"]?.integer ?? 0 > 2 && json["response_tokens"]?.integer ?? 0 > 0)
    }

    @Test func anAnswerThatIsNoCallIsMarkedAndEndsWithOne() throws {
        // Weights drawn at random say nothing that could be a call.
        let result = try run(["student.init", "hello", "--free", "--max-tokens", "8"], status: 1)
        #expect(result.errors.contains("no valid answer: the response is not"))
        #expect(result.errors.contains("error: the answer is not valid"))
        let json = try #require(
            try run(["student.init", "hello", "--free", "--max-tokens", "8", "--json"], status: 1).events.first)
        #expect(json["valid"] == false && json["why"]?.string?.isEmpty == false && json["calls"] == .null)
    }

    @Test func queriesComeFromStandardInputAndFiles() throws {
        let lines = try run(["student.kd", "-"], input: "kitchen light on\n\nhall light off\r\n").output
        #expect(lines.split(separator: "\n").count == 2)
        #expect(try run(["student.kd"], input: "kitchen light on\n\nhall light off").output == lines)
        try program.write("kitchen light on\nhall light off\n", to: "queries.txt")
        #expect(try run(["student.kd", "--file", "queries.txt"]).output == lines)
        try program.write(
            """
            {"id":"a","query":"kitchen light on"}
            {"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hall light off"}]}
            "play jazz"

            """, to: "queries.jsonl")
        let answers = try run(["student.kd", "--file", "queries.jsonl", "--json"]).events
        #expect(answers.compactMap { $0["query"]?.string } == ["kitchen light on", "hall light off", "play jazz"])
        #expect(answers[0]["id"] == "a" && answers[1]["id"] == nil)
    }

    /// The prompt is longer by what is said before the query.
    @Test func instructionsAndEarlierMessagesStandBeforeTheQuery() throws {
        func tokens(_ options: String...) throws -> Int {
            let answer = try run(["student.kd", "light off", "--json"] + options).events.first
            return try #require(answer?["prompt_tokens"]?.integer)
        }
        let alone = try tokens()
        #expect(try tokens("--instructions", "Be brief.") > alone)
        let context = #"[{"role":"user","content":"I am in the hall."}]"#
        #expect(try tokens("--context", context) > alone)
        try program.write(context, to: "context.json")
        #expect(try tokens("--context", "context.json") == tokens("--context", context))
    }

    @Test(arguments: [
        #"[{"name":"wave","description":"Wave.","parameters":{"type":"object","properties":{}}}]"#,
        #"[{"type":"function","function":{"name":"wave"}}]"#, #"{"tools":[{"type":"function","function":{"name":"wave"}}]}"#,
        "wave: {description: Wave.}\n",
    ])
    func functionsMayBeNamedInAFile(text: String) throws {
        let name = "functions-\(abs(text.count)).\(text.hasPrefix("wave") ? "yaml" : "json")"
        try program.write(text, to: name)
        let answer = try #require(try run(["student.kd", "hello", "--functions", name, "--json"]).events.first)
        let called = (answer["calls"]?.array ?? []).compactMap { $0["name"]?.string }
        #expect(called.allSatisfy { $0 == "wave" })
    }

    @Test(arguments: [
        (["student.kd", "hello", "--file", "queries.txt"], "name a query or --file, not both"),
        (["student.kd", "hello", "--free", "--constrained"], "--constrained"),
        (["student.kd", "-"], "there is no query"),
        (["student.kd", "--file", "nothing.txt"], "there is no file at nothing.txt"),
        (["student.kd", "--file", "broken.jsonl"], "broken.jsonl, line 2: the line has no 'query' and no 'messages'"),
        (["student.kd", "hello", "--functions", "wrong.json"], "wrong.json, function 1: a function has no 'name'"),
        (["student.kd", "hello", "--functions", "wrong.yaml"], "wrong.yaml:1:"),
        (["student.kd", "hello", "--context", "[1]"], "--context: a message has no 'role' and 'content'"),
        (["report", "hello"], "is no model"),
    ])
    func whatIsWrongIsSaidAndEndsWithTwo(arguments: [String], message: String) throws {
        try program.write("\"hello\"\n{\"question\":1}\n", to: "broken.jsonl")
        try program.write("[{\"type\":\"function\"}]", to: "wrong.json")
        try program.write("wave: {parameters: {hand: {type: int}}}\n", to: "wrong.yaml")
        let result = try run(arguments, status: 2)
        #expect(result.errors.contains(message), "\(result.errors)")
    }
}
