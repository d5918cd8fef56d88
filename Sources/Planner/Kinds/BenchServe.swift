import Words

/// Answers requests of concurrent clients and measures how fast (METHODS: serving).
///
/// Inputs: `model`, `data` (of `data.split`): its test rows are the requests.
/// Output: `serving.json`: queries per second, response time (mean, p50, p99) for each number of clients.
package struct BenchServe: StageKind {
    package static let name = "bench.serve"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("model"), .required("data")]
    package static let isMeasurement = true

    /// Concurrent clients, in the order of the report.
    package var clients: [Int]
    /// New tokens per answer at most.
    package var maxTokens: Int
    package var prompt: PromptStyle

    package init(clients: [Int], maxTokens: Int, prompt: PromptStyle) {
        self.clients = clients
        self.maxTokens = maxTokens
        self.prompt = prompt
    }

    package var runsModel: Bool { true }
}
