import ArgumentParser
import Foundation
import Store

/// Where the store is; every command that needs one takes these.
struct StoreOptions: ParsableArguments {
    @Option(help: "The store's directory (else DECANT_CACHE, else ./cache).")
    var cache: String?

    var directory: URL {
        let path = cache ?? ProcessInfo.processInfo.environment["DECANT_CACHE"] ?? "cache"
        return URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
    }

    func open() throws -> Store { try Store(at: directory) }
}

struct OutputOptions: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON, for programs.")
    var asJSON = false
}
