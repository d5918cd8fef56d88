/// The prompts that wait, in the order of their tokens: neighbours have the longest heads in common.
struct PromptQueue {
    /// One answer to be made.
    struct Entry {
        /// Number of the answer among all.
        var item: Int
        var prompt: GenerationPrompt
    }

    private let prompts: [GenerationPrompt]
    private let samples: Int
    /// Items, the next one last.
    private var waiting: [Int]

    /// Leaves out what is done.
    init(_ prompts: [GenerationPrompt], samples: Int, done: [Int: GeneratedSequence]) {
        self.prompts = prompts
        self.samples = samples
        let order = prompts.indices.sorted { left, right in
            let (a, b) = (prompts[left].tokens, prompts[right].tokens)
            return a == b ? left < right : a.lexicographicallyPrecedes(b)
        }
        waiting = order.flatMap { $0 * samples..<($0 + 1) * samples }.filter { done[$0] == nil }.reversed()
    }

    mutating func next() -> Entry? {
        waiting.popLast().map { Entry(item: $0, prompt: prompts[$0 / samples]) }
    }
}
