import Diagnostics
import Planner
import RecipeLanguage
import Testing

/// Recipes whose student has other tokens than its teacher.
@Suite struct OtherVocabularyPlanTests {
    private static let own = "student: {tokenizer: {vocabulary: 300}}\n"

    @Test func theStudentReadsTheAnswersInItsOwnTokens() throws {
        let graph = try plan(Self.own + "transfer: KD[0.7GOLD+0.3CE]\n")
        let student = graph[try #require(graph.stage(named: "student.kd"))]
        #expect(student.inputs.map(\.name) == ["model", "data", "judged", "logits"])
        #expect(student.inputs.map { graph[$0.stage].name } == ["student.init", "data", "teacher.judged", "teacher.logits"])
        #expect(student.parameters["loss"]?.array?.map { $0["loss"]?.string } == ["GOLD", "CE"])
        #expect(student.parameters["loss"]?[0]?["argument"] == 0.5)
        let tokenizers = ["teacher.init", "student.init"].compactMap { graph.stage(named: $0) }.map {
            graph[graph[$0].inputs[0].stage].name
        }
        #expect(tokenizers == ["tokenizer", "student.tokenizer"])
        let vocabulary = graph[try #require(graph.stage(named: "student.tokenizer"))].parameters["vocabulary"]
        #expect(vocabulary == 300)
    }

    /// The prompt of the data is the student's, too.
    @Test func theStudentsPromptsAreThoseOfTheData() throws {
        let header = fixtureHeader.trimmingSuffix("\n") + "\n  prompt: tools\n"
        let graph = try plan(Self.own + "transfer: KD[GOLD]\n", header: header)
        let student = graph[try #require(graph.stage(named: "student.kd"))]
        #expect(student.parameters["prompt"] == "tools")
        #expect(student.parameters["answer"] == nil)
    }

    @Test func withoutSampledAnswersTheRowsOwnAreLearned() throws {
        let graph = try plan(Self.own + "sample: none\ntransfer: KD[ULD+CE]\n")
        let student = graph[try #require(graph.stage(named: "student.kd"))]
        #expect(student.inputs.map(\.name) == ["model", "data", "logits"])
    }

    @Test func aWeightOfSharedTokensIsInTheKeyWhereItIsWritten() throws {
        func weights(_ transfer: String) throws -> [Double?] {
            let graph = try plan(Self.own + "transfer: \"\(transfer)\"\n")
            return try ["student.kd", "student.kd.okd"].map {
                graph[try #require(graph.stage(named: $0))].parameters["shared_weight"]?.double
            }
        }
        #expect(try weights("KD[GOLD]+oKD[GOLD]") == [nil, nil])
        #expect(try weights("KD[GOLD](shared_weight: 70%)+oKD[GOLD](shared_weight: 0.9)") == [0.7, 0.9])
    }

    /// A loss over one vocabulary has the key that it always had.
    @Test func otherLossesHaveNoPromptInTheirKey() throws {
        let graph = try plan("transfer: KD[FKL]\n")
        let student = graph[try #require(graph.stage(named: "student.kd"))]
        #expect(student.inputs.map(\.name) == ["model", "logits"])
        #expect(student.parameters["prompt"] == nil && student.parameters["shared_weight"] == nil)
    }

    @Test(arguments: ["KD[GOLD]", "KD[ULD+CE]", "KD[0.9GOLD(0)+0.1CE]", "oKD[GOLD]", "RFT", "SFT", "RFT+KD[GOLD]"])
    func teachersOfOtherTokensAreAllowed(transfer: String) {
        let recipes = [
            Self.own, "teacher: {from: big}\ntokenizer: {vocabulary: 600}\n", "teacher: {from: big}\nstudent: {from: small}\n",
            "student: {from: small}\n", "teacher: {from: big}\nteachers: {other: {from: small}}\n" + Self.own,
        ]
        let sources = """
            decant: 1
            sources: {functions: {path: f}, utterances: {path: u}, big: {path: big.gguf}, small: {path: small.gguf}}
            data: {generate: {functions: functions, templates: utterances}}
            transfer: "\(transfer)"

            """
        for recipe in recipes where !recipe.contains("teachers") || transfer.contains("KD") && !transfer.contains("oKD") {
            let problems = RecipeReader.read(SourceText(path: "r.yaml", text: sources + recipe)).diagnostics
                .filter { $0.severity == .error }
            #expect(problems.isEmpty, "\(recipe): \(DiagnosticRenderer.render(problems))")
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        var text = self
        while text.hasSuffix(suffix) { text.removeLast(suffix.count) }
        return text
    }
}
