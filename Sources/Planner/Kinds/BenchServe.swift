/// Answers requests of concurrent clients and measures how fast (METHODS: serving).
///
/// Inputs: `model`, `data` (of `data.split`): its test rows are the requests.
/// Output: `serving.json`: queries per second, response time (mean, p50, p99) for each number of clients.
public struct BenchServe: StageKind {
    public static let name = "bench.serve"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("data")]
    public static let isMeasurement = true

    /// Concurrent clients, in the order of the report.
    public var clients: [Int]
    /// New tokens per answer at most.
    public var maxTokens: Int
    public var prompt: PromptStyle

    public init(clients: [Int], maxTokens: Int, prompt: PromptStyle) {
        self.clients = clients
        self.maxTokens = maxTokens
        self.prompt = prompt
    }

    public var runsModel: Bool { true }
}
