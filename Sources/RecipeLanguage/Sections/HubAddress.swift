/// An address on the Hugging Face hub, as people copy it: `hf://datasets/OWNER/NAME/PATH`, or a page's URL.
struct HubAddress {
    /// `OWNER/NAME`, with `datasets/` before it for a data set.
    let repository: String
    let revision: String?
    let path: String?
    /// Whether it names a file's bytes rather than a page.
    let isDownload: Bool

    init?(_ text: String) {
        let prefixes = ["hf://", "https://huggingface.co/", "http://huggingface.co/", "huggingface.co/", "https://hf.co/"]
        guard let prefix = prefixes.first(where: text.hasPrefix) else { return nil }
        var parts = text.dropFirst(prefix.count).prefix { $0 != "?" && $0 != "#" }.split(separator: "/").map(String.init)
        let kind = ["datasets", "models"].contains(parts.first ?? "") ? parts.removeFirst() : "models"
        guard parts.count >= 2, !["spaces", "docs", "api"].contains(parts[0]) else { return nil }
        // `hf://` puts the revision behind the name, pages put it behind a word.
        let name = parts[1].split(separator: "@", maxSplits: 1).map(String.init)
        repository = (kind == "datasets" ? "datasets/" : "") + parts[0] + "/" + (name.first ?? "")
        var rest = Array(parts.dropFirst(2))
        let word = prefix == "hf://" ? nil : rest.first.flatMap { ["resolve", "raw", "blob", "tree"].contains($0) ? $0 : nil }
        isDownload = word == "resolve" || word == "raw"
        if word != nil {
            rest.removeFirst()
            revision = rest.isEmpty ? nil : rest.removeFirst()
        } else {
            revision = name.count > 1 ? name[1] : nil
            if prefix != "hf://" { rest = [] }
        }
        path = rest.isEmpty ? nil : rest.joined(separator: "/")
    }

    /// The source as a recipe has it.
    var fields: String {
        "{huggingface: \(repository), revision: \(revision ?? "main")" + (path.map { ", member: \"\($0)\"" } ?? "") + "}"
    }
}
