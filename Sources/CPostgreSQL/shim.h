#ifndef RECOURSE_CPOSTGRESQL_SHIM_H
#define RECOURSE_CPOSTGRESQL_SHIM_H

#include <libpq-fe.h>

#endif
