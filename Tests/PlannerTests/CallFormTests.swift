import BuildModel
import CanonicalJSON
import Planner
import RecipeLanguage
import Testing

/// `answer` beside models that were made elsewhere.
@Suite struct CallFormTests {
    private static func graph(teacher: String, student: String = "from: chat") throws -> Graph {
        let source = "  chat: {http: https://example.org/chat.tar, sha256: \(String(repeating: "ab", count: 32))}\ndata:"
        return try plan(
            """
            teacher: {\(teacher)}
            student: {\(student)}
            transfer: "RFT(steps: 3)"
            """, header: fixtureHeader.replacing("data:", with: source))
    }

    @Test func aModelIsImportedOnceForEachForm() throws {
        let one = try Self.graph(teacher: "from: chat")
        let imports = one.stages.filter { $0.kind == "model.import" }
        #expect(imports.map(\.name) == ["chat.model"] && imports[0].parameters.object?["answer"] ?? .null == .null)
        let two = try Self.graph(teacher: "from: chat, answer: decant", student: "from: chat, answer: native")
        let forms = two.stages.filter { $0.kind == "model.import" }.map { $0.parameters["answer"]?.string }
        #expect(forms == ["decant", "native"])
        let same = try Self.graph(teacher: "from: chat, answer: native", student: "from: chat, answer: native")
        #expect(same.stages.count { $0.kind == "model.import" } == 1)
    }

    /// A student that is drawn has the tokenizer of the teacher as it was imported.
    @Test func theTokenizersModelIsTheTeachersImport() throws {
        let graph = try Self.graph(teacher: "from: chat, answer: decant", student: "init: {hidden: 64}")
        #expect(graph.stages.count { $0.kind == "model.import" } == 1)
        let start = try #require(graph.stage(named: "student.init"))
        #expect(graph[graph[start].inputs[0].stage].name == "chat.model")
    }
}
