import Diagnostics
import RecipeLanguage
import Testing

/// What a recipe is called, which is also its branch.
@Suite struct RecipeNameTests {
    private func read(_ path: String, _ name: String? = nil) -> RecipeReading {
        let text = """
            decant: 1
            sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
            data: {generate: {functions: functions, templates: utterances}}
            """
        return RecipeReader.read(
            SourceText(path: path, text: text + (name.map { "\nname: \"\($0)\"\n" } ?? "\n")))
    }

    @Test(arguments: [
        ("recipes/smart-home.yaml", "smart-home"), ("model.yml", "model"), ("/a.b/model.YAML", "model"), ("recipe", "recipe"),
        ("model.json", "model"), ("model.v1.yaml", "model.v1"), ("model.v2.yaml", "model.v2"), ("model.v1", "model.v1"),
        ("a_b-1.yaml", "a_b-1"),
    ])
    func plainFileNamesAreNames(path: String, name: String) {
        #expect(read(path).recipe?.name.value == name)
    }

    @Test func otherFileNamesStayApart() throws {
        let files = [
            "my model.yaml", "my-model.yaml", "my  model.yaml", "mod\u{E8}le.yaml", "mode\u{300}le.yaml", "modele.yaml",
            "donn\u{E9}es.yaml", ".yaml", "_x.yaml", "\u{65E5}\u{672C}.yaml", "\u{672C}\u{65E5}.yaml", "a..b.yaml",
            "b.lock.yaml",
            String(repeating: "x", count: 150) + ".yaml", String(repeating: "x", count: 151) + ".yaml",
        ]
        let names = try files.map { try #require(read($0).recipe, "\($0)").name.value }
        #expect(Set(names).count == files.count, "\(names)")
        #expect(names[0].hasPrefix("my-model-") && names[3].hasPrefix("modele-"))
    }

    @Test(arguments: [
        "HEAD", "FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD", "AUTO_MERGE", String(repeating: "0", count: 40),
        String(repeating: "Ab", count: 20), String(repeating: "e", count: 64),
    ])
    func namesThatGitTakesForSomethingElseAreRefused(name: String) throws {
        for reading in [read("tiny.yaml", name), read(name + ".yaml")] {
            let problem = try #require(reading.diagnostics.first)
            #expect(reading.recipe == nil && problem.code == "bad-name" && problem.message.contains("git takes this one for"))
        }
    }

    @Test(arguments: ["HEADS", "head", "A_HEADER", String(repeating: "a", count: 39), "main", "stash", "v1.0"])
    func otherNamesAreTaken(name: String) {
        #expect(read("tiny.yaml", name).recipe?.name.value == name)
    }
}
