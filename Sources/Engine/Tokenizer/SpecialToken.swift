/// The special tokens of every tokenizer that Decant trains; their ids are 0 to 4 in this order.
package enum SpecialToken: String, CaseIterable, Hashable, Sendable {
    /// Pads batches and separates documents.
    case endOfText = "<|endoftext|>"
    case user = "<|user|>"
    case assistant = "<|assistant|>"
    case tools = "<|tools|>"
    /// Ends a response.
    case end = "<|end|>"
}
