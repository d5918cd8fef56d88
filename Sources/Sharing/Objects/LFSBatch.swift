import BuildModel
import CanonicalJSON
import Foundation
import HTTP

/// Git LFS's batch API: what to do with which object.
package struct LFSBatch {
    package enum Operation: String { case download, upload }

    /// One step that the server asks for: where to, with which headers, until when.
    package struct Action: Sendable {
        var url: URL
        var headers: [(name: String, value: String)]
        var expires: Date?

        func isUsable(at date: Date) -> Bool { expires.map { date < $0.addingTimeInterval(-5) } ?? true }
    }

    package struct Item: Sendable {
        var digest: Digest
        /// `download` or `upload`; `nil` where there is nothing to do.
        var transfer: Action?
        var verify: Action?
        /// Why the server cannot give or take the object.
        var error: ItemError?
    }

    struct ItemError: Sendable {
        /// As a status of HTTP.
        var code: Int
        var message: String

        var mayPass: Bool { HTTPAnswer.mayPass(code) }
        var text: String { "\(message) (\(code))" }
    }

    static let mediaType = "application/vnd.git-lfs+json"

    static func question(_ operation: Operation, _ objects: [(digest: Digest, size: Int)]) -> [UInt8] {
        let json: JSON = [
            "operation": .string(operation.rawValue), "transfers": ["basic"], "hash_algo": "sha256",
            "objects": .array(objects.map { ["oid": .string($0.digest.hex), "size": .integer(Int64($0.size))] }),
        ]
        return json.canonicalBytes
    }

    /// Reads an answer.
    ///
    /// - Parameter server: whose answer it is; its encrypted connections do not lead to unencrypted ones.
    /// - Throws: why it cannot be used.
    package static func items(
        in answer: [UInt8], for operation: Operation, server: URL, now: Date = Date()
    ) throws(HTTPFailure) -> [Digest: Item] {
        guard let json = try? JSON(parsing: answer), let objects = json["objects"]?.array else {
            throw HTTPFailure(reason: "it is no batch answer of Git LFS")
        }
        guard ["basic", nil].contains(json["transfer"]?.string) else {
            throw HTTPFailure(reason: "it chose a transfer that was not offered")
        }
        guard ["sha256", nil].contains(json["hash_algo"]?.string) else {
            throw HTTPFailure(reason: "it names objects by another hash than SHA-256")
        }
        var items: [Digest: Item] = [:]
        for object in objects {
            guard let digest = object["oid"]?.string.flatMap(Digest.init(hex:)) else {
                throw HTTPFailure(reason: "it has an object without a SHA-256")
            }
            var item = Item(digest: digest)
            if let error = object["error"] {
                let message = ServerMessage.text(in: error.canonicalBytes)
                item.error = ItemError(
                    code: error["code"]?.integer.flatMap { Int(exactly: $0) } ?? 0,
                    message: message.isEmpty ? "no reason given" : message)
            }
            item.transfer = try action(object["actions"]?[operation.rawValue], server, now)
            item.verify = try action(object["actions"]?["verify"], server, now)
            items[digest] = item
        }
        return items
    }

    private static func action(_ json: JSON?, _ server: URL, _ now: Date) throws(HTTPFailure) -> Action? {
        guard let json else { return nil }
        guard let text = json["href"]?.string, !text.hasControlCharacters,
            let url = URL(string: text, relativeTo: server)?.absoluteURL,
            let scheme = url.scheme?.lowercased(), url.host?.isEmpty == false,
            scheme == "https" || (scheme == "http" && server.scheme == "http")
        else { throw HTTPFailure(reason: "it leads to an address that cannot be used") }
        var headers: [(name: String, value: String)] = []
        for (name, value) in json["header"]?.sortedMembers ?? [] {
            guard let value = value.string, isPlain(name), isPlain(value) else {
                throw HTTPFailure(reason: "it asks for a header that cannot be sent")
            }
            headers.append((name, value))
        }
        var expires: Date?
        if let seconds = json["expires_in"]?.double, seconds != 0 {
            expires = now.addingTimeInterval(seconds)
        } else if let text = json["expires_at"]?.string {
            expires =
                (try? Date(text, strategy: .iso8601))
                ?? (try? Date(text, strategy: .iso8601.time(includingFractionalSeconds: true)))
        }
        return Action(url: url, headers: headers, expires: expires)
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}
