import CCurl
import Foundation
import Synchronization

/// Requests to servers through libcurl, one at a time, over connections that stay open in between. Bodies stream both ways.
///
/// The pool hands each out to one thread at a time, which is all that libcurl asks for.
final class HTTPConnection: @unchecked Sendable {
    private let curl: OpaquePointer
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    init() throws(HTTPFailure) {
        guard Self.isReady, let curl = curl_easy_init() else { throw HTTPFailure(reason: "libcurl cannot be started") }
        self.curl = OpaquePointer(curl)
    }

    deinit { curl_easy_cleanup(handle) }

    /// Failures that a further attempt cannot change, such as a malformed address or a wrong certificate.
    private static let final = Set(
        [CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE].map(
            \.rawValue))

    private var handle: UnsafeMutableRawPointer { UnsafeMutableRawPointer(curl) }

    /// Sends a request and gives the answer's body to a sink. A redirection's body goes nowhere where it is to be followed.
    func send(_ request: HTTPRequest, to sink: any HTTPSink, by rule: ConnectionRule) throws(HTTPFailure) -> HTTPAnswer {
        guard request.headers.allSatisfy({ !$0.name.isLineOfMore && !$0.value.isLineOfMore }) else {
            throw HTTPFailure(reason: "a header has more than one line", mayPass: false)
        }
        curl_easy_reset(handle)
        let exchange = Exchange(request: request, sink: sink, handle: handle)
        configure(request, exchange)
        configure(rule)
        var list: UnsafeMutablePointer<curl_slist>?
        for header in request.headers + [("Expect", "")] {
            // A name without a value would be left out, with a semicolon it is sent empty.
            list = curl_slist_append(list, "\(header.name):\(header.value.isEmpty ? "" : " " + header.value)")
        }
        defer { curl_slist_free_all(list) }
        decant_curl_set_pointer(handle, CURLOPT_HTTPHEADER, list)
        let code = withExtendedLifetime(exchange) { curl_easy_perform(handle) }
        if let reason = exchange.refusal { throw HTTPFailure(reason: reason, mayPass: false) }
        guard code == CURLE_OK else {
            throw HTTPFailure(
                reason: Self.reason(code, request.url, rule), isOwn: exchange.isBrokenOff,
                mayPass: !Self.final.contains(code.rawValue))
        }
        var answer = exchange.answer
        answer.url = request.url
        return answer
    }

    private static func reason(_ code: CURLcode, _ url: URL, _ rule: ConnectionRule) -> String {
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION: rule.unknownAuthority(of: url)
        case CURLE_SSL_CACERT_BADFILE: rule.unreadableAuthorities
        default: String(cString: curl_easy_strerror(code))
        }
    }

    private func configure(_ rule: ConnectionRule) {
        if let file = rule.authorityFile { decant_curl_set_text(handle, CURLOPT_CAINFO, file) }
        if let folder = rule.authorityFolder {
            // Those of the folder alone count, if no file is named.
            if rule.authorityFile == nil { decant_curl_set_text(handle, CURLOPT_CAINFO, nil) }
            decant_curl_set_text(handle, CURLOPT_CAPATH, folder)
        } else if rule.authorityFile != nil {
            decant_curl_set_text(handle, CURLOPT_CAPATH, nil)
        }
        if !rule.checksCertificate {
            decant_curl_set_number(handle, CURLOPT_SSL_VERIFYPEER, 0)
            decant_curl_set_number(handle, CURLOPT_SSL_VERIFYHOST, 0)
        }
        // Libcurl reads no variables of its own: the rule has done so.
        decant_curl_set_text(handle, CURLOPT_PROXY, rule.proxy ?? "")
        decant_curl_set_text(handle, CURLOPT_NOPROXY, "")
    }

    private func configure(_ request: HTTPRequest, _ exchange: Exchange) {
        let payload = Unmanaged.passUnretained(exchange).toOpaque()
        decant_curl_set_text(handle, CURLOPT_URL, request.url.absoluteString)
        decant_curl_restrict(handle)
        // `Redirection` decides what goes along.
        decant_curl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0)
        decant_curl_set_number(handle, CURLOPT_NOSIGNAL, 1)
        decant_curl_set_number(handle, CURLOPT_CONNECTTIMEOUT, 30)
        if let timeout = request.timeout {
            decant_curl_set_number(handle, CURLOPT_TIMEOUT_MS, Int(timeout * 1000))
        } else {
            // A minute without a byte is an end.
            decant_curl_set_number(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
            decant_curl_set_number(handle, CURLOPT_LOW_SPEED_TIME, 60)
        }
        decant_curl_set_number(handle, CURLOPT_BUFFERSIZE, 512 << 10)
        decant_curl_set_text(handle, CURLOPT_USERAGENT, "decant")
        decant_curl_set_data(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, payload in
            Exchange.from(payload).receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        decant_curl_set_pointer(handle, CURLOPT_WRITEDATA, payload)
        decant_curl_set_data(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, payload in
            Exchange.from(payload).readHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        decant_curl_set_pointer(handle, CURLOPT_HEADERDATA, payload)
        decant_curl_set_number(handle, CURLOPT_NOPROGRESS, 0)
        decant_curl_set_progress(handle) { payload, _, came, _, went in
            Exchange.from(payload).goesOn(after: Int(came) + Int(went)) ? 0 : 1
        }
        decant_curl_set_pointer(handle, CURLOPT_XFERINFODATA, payload)
        guard let body = request.body else { return }
        decant_curl_set_number(handle, CURLOPT_UPLOAD, 1)
        decant_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        decant_curl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(body.size))
        decant_curl_set_number(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
        decant_curl_set_data(handle, CURLOPT_READFUNCTION) { bytes, size, count, payload in
            Exchange.from(payload).give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        decant_curl_set_pointer(handle, CURLOPT_READDATA, payload)
        decant_curl_set_seek(handle) { payload, offset, origin in
            offset == 0 && origin == SEEK_SET && Exchange.from(payload).rewind() ? 0 : 1
        }
        decant_curl_set_pointer(handle, CURLOPT_SEEKDATA, payload)
    }
}

/// One request while it runs: what libcurl's callbacks talk to.
private final class Exchange {
    private let request: HTTPRequest
    private let sink: any HTTPSink
    private let handle: UnsafeMutableRawPointer
    private var headers: [String: String] = [:]
    private(set) var isBrokenOff = false
    /// Why no more of the answer is wanted, whatever comes.
    private(set) var refusal: String?
    private var headerBytes = 0
    private let start = ContinuousClock.now

    /// Bytes of all headers of one request, redirections included.
    private static let mostHeaderBytes = 1 << 20
    private static let fewestBytesASecond = 8192.0

    init(request: HTTPRequest, sink: any HTTPSink, handle: UnsafeMutableRawPointer) {
        (self.request, self.sink, self.handle) = (request, sink, handle)
    }

    static func from(_ payload: UnsafeMutableRawPointer?) -> Exchange {
        guard let payload else { preconditionFailure("libcurl lost its payload") }
        return Unmanaged<Exchange>.fromOpaque(payload).takeUnretainedValue()
    }

    var answer: HTTPAnswer { HTTPAnswer(status: Int(decant_curl_status(handle)), headers: headers) }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !bytes.isEmpty else { return 0 }
        if request.redirections > 0, Redirection.isOne(answer) { return bytes.count }
        if mayGoOn, sink.receive(bytes, answer: answer) { return bytes.count }
        isBrokenOff = true
        return 0
    }

    /// Asked about once a second: whether the transfer is neither cancelled nor endless.
    func goesOn(after bytes: Int) -> Bool {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        if request.timeout == nil, seconds > request.patience,
            Double(bytes) / Self.fewestBytesASecond < seconds - request.patience
        {
            refusal = "only \(bytes) bytes came in \(Int(seconds)) seconds, and a server so slow is not waited for"
            return false
        }
        return mayGoOn
    }

    var mayGoOn: Bool {
        if request.isCancelled?() != true { return true }
        isBrokenOff = true
        return false
    }

    /// Each answer of a chain of redirections begins anew.
    func readHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.mostHeaderBytes else {
            refusal = "its headers have more than \(Self.mostHeaderBytes) bytes"
            return 0
        }
        let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if line.hasPrefix("HTTP/") {
            headers = [:]
        } else if let colon = line.firstIndex(of: ":"), headers.count < 200 {
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return bytes.count
    }

    func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if let count = request.body?.read(into: buffer) { return count }
        isBrokenOff = true
        return Int(CURL_READFUNC_ABORT)
    }

    func rewind() -> Bool { request.body?.rewind() ?? false }
}

/// Connections that wait for their next request.
package final class ConnectionPool: Sendable {
    private let idle = Mutex<[HTTPConnection]>([])

    private let settings: NetworkSettings

    package init(_ settings: NetworkSettings = NetworkSettings()) { self.settings = settings }

    /// Sends a request, and follows as many redirections as it allows.
    package func send(_ request: HTTPRequest, to sink: any HTTPSink) throws(HTTPFailure) -> HTTPAnswer {
        let waiting = idle.withLock { $0.popLast() }
        let connection = if let waiting { waiting } else { try HTTPConnection() }
        defer { idle.withLock { $0.append(connection) } }
        var current = request.withLoginAsHeader
        while true {
            let answer = try connection.send(current, to: sink, by: settings.rule(for: current.url))
            guard request.redirections > 0, Redirection.isOne(answer) else { return answer }
            guard current.redirections > 0 else {
                throw HTTPFailure(reason: "it redirects more than \(request.redirections) times", mayPass: false)
            }
            current = try Redirection.request(after: answer, to: current)
        }
    }
}

extension String {
    /// Whether a header would become two.
    fileprivate var isLineOfMore: Bool { utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 } }
}
