import CanonicalJSON
import TestSupport

/// A server of chat completions on this machine, as a person's recipe would name one.
final class ModelServer: FixtureServer {
    init() throws { try super.init("endpoint/server.py") }

    /// All requests so far.
    func requests() -> [JSON] { requestLines().compactMap { try? JSON(parsing: $0) } }

    /// Of the requests that were answered.
    func answeredSeeds() -> [Int] { requests().filter { $0["what"] == "answer" }.compactMap { $0["seed"]?.integer } }

    /// A teacher behind this server, and a student that learns from its answers.
    func program(_ endpoint: String = "", sample: String = "samples: 1", count: Int = 120) throws -> DecantProgram {
        try DecantProgram(
            recipe: """
                decant: 1
                name: asked
                sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
                data:
                  generate: {functions: functions, templates: utterances, count: \(count), seed: 3, hold_out: {templates: 15%, values: 10%}}
                  split: {test: 15%, valid: 5%, ood: {functions: [find_phone]}}
                tokenizer: {vocabulary: 300}
                teacher: {endpoint: {url: "http://127.0.0.1:\(port)/v1", model: large, timeout: 3 s\(endpoint)}}
                student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
                sample: {\(sample)}
                judge: {kind: ast, keep: 1}
                transfer: "RFT(steps: 10)"
                evaluate: {sets: [test]}
                """)
    }
}
