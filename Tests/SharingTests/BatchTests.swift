import BuildModel
import CanonicalJSON
import Foundation
import HTTP
import Testing

@testable import Sharing

@Suite struct BatchTests {
    private let digest = Digest(hashing: "x")

    private func items(_ answer: JSON, server: String = "https://h/a.git/info/lfs") throws -> [Digest: LFSBatch.Item] {
        try LFSBatch.items(
            in: answer.canonicalBytes, for: .download, server: #require(URL(string: server)),
            now: Date(timeIntervalSince1970: 1000))
    }

    private func answer(_ action: JSON) -> JSON {
        ["objects": [["oid": .string(digest.hex), "size": 1, "actions": ["download": action]]]]
    }

    @Test func aQuestionIsAsTheProtocolHasIt() throws {
        let json = try JSON(parsing: LFSBatch.question(.upload, [(digest, 12)]))
        #expect(json["operation"] == "upload")
        #expect(json["transfers"] == ["basic"])
        #expect(json["hash_algo"] == "sha256")
        #expect(json["objects"]?[0] == ["oid": .string(digest.hex), "size": 12])
    }

    @Test func anActionHasAnAddressHeadersAndAnEnd() throws {
        let item = try #require(
            try items(
                answer(["href": "https://else/x?token=1", "header": ["Authorization": "RemoteAuth y"], "expires_in": 60]))[
                    digest])
        let action = try #require(item.transfer)
        #expect(action.url.absoluteString == "https://else/x?token=1")
        #expect(action.headers.map(\.value) == ["RemoteAuth y"])
        #expect(action.isUsable(at: Date(timeIntervalSince1970: 1054)))
        #expect(!action.isUsable(at: Date(timeIntervalSince1970: 1056)))
        let absolute = try items(answer(["href": "https://h/x", "expires_at": "1970-01-01T00:20:00Z"]))[digest]?.transfer
        #expect(absolute?.expires == Date(timeIntervalSince1970: 1200))
        let fractional = try items(answer(["href": "https://h/x", "expires_at": "1970-01-01T00:20:00.000Z"]))[digest]?.transfer
        #expect(fractional?.expires == Date(timeIntervalSince1970: 1200))
    }

    @Test func whatCannotBeFollowedIsRefused() throws {
        for action: JSON in [
            ["href": "file:///etc/passwd"], ["href": "http://h/unencrypted"], ["header": [:]],
            ["href": "https://h/x", "header": ["X": "a\r\nHost: b"]], ["href": "https://h/x", "header": ["": "b"]],
        ] {
            #expect(throws: HTTPFailure.self, "\(action)") { try items(answer(action)) }
        }
        #expect(throws: HTTPFailure.self) { try items(["transfer": "tus", "objects": []]) }
        #expect(throws: HTTPFailure.self) { try items(["hash_algo": "sha1", "objects": []]) }
        #expect(throws: HTTPFailure.self) { try items(["objects": [["oid": "12"]]]) }
        #expect(throws: HTTPFailure.self) { try items([]) }
        #expect(try items(answer(["href": "http://h/x"]), server: "http://h")[digest]?.transfer != nil)
    }

    @Test func anErrorOfAnObjectIsKept() throws {
        let item = try items(["objects": [["oid": .string(digest.hex), "error": ["code": 410, "message": "gone"]]]])[digest]
        #expect(item?.error?.text == "gone (410)")
    }
}
