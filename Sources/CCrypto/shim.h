#include <openssl/evp.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
