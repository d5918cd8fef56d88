import Diagnostics
import Testing

@testable import RecipeLanguage

/// Data sets of the hub by name, and the addresses that people copy instead.
@Suite struct HubAddressTests {
    private func problems(_ source: String) -> String {
        let text = """
            decant: 1
            sources: {rows: \(source)}
            data: {ingest: {train: rows}}
            """
        return DiagnosticRenderer.render(RecipeReader.read(SourceText(path: "a.yaml", text: text)).diagnostics)
    }

    @Test(arguments: ["datasets/Salesforce/xlam-function-calling-60k", "datasets/squad", "owner/name", "gpt2"])
    func namesAreFine(name: String) {
        #expect(problems("{huggingface: \(name), revision: main}") == "")
    }

    @Test(arguments: [
        (
            "{huggingface: hf://datasets/a/b/data/x.parquet, revision: main}",
            "datasets/a/b, revision: main, member: \"data/x.parquet\""
        ),
        ("{huggingface: hf://datasets/a/b@v1, revision: main}", "datasets/a/b, revision: v1"),
        ("{huggingface: 'https://huggingface.co/datasets/a/b', revision: main}", "datasets/a/b, revision: main"),
        ("{http: 'https://huggingface.co/datasets/a/b/tree/main/data?x=1'}", "datasets/a/b, revision: main, member: \"data\""),
        (
            "{http: 'https://huggingface.co/datasets/a/b/blob/v2/data/x.csv'}",
            "datasets/a/b, revision: v2, member: \"data/x.csv\""
        ),
        ("{http: 'https://huggingface.co/a/b'}", "a/b, revision: main"),
        ("{path: 'hf://datasets/a/b'}", "datasets/a/b, revision: main"),
    ])
    func copiedAddressesGetTheFieldsMeant(source: String, fields: String) {
        let problems = problems(source)
        #expect(problems.contains("is an address of the Hugging Face hub"), "\(problems)")
        #expect(problems.contains("did you mean '{huggingface: \(fields)}'?"), "\(problems)")
    }

    @Test func aFileOfTheHubByItsURLIsFine() {
        let digest = String(repeating: "0", count: 64)
        #expect(problems("{http: 'https://huggingface.co/datasets/a/b/resolve/main/x.json', sha256: \(digest)}") == "")
    }

    @Test func otherNamesAreRefused() {
        #expect(problems("{huggingface: datasets/a/b/c, revision: main}").contains("datasets/OWNER/NAME for a data set"))
    }
}
